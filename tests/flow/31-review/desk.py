"""What the flows of reviews share: a message that the gate holds, the mail that tells of it, its link, and the page's buttons."""

import html
import re
import urllib.parse

import visitor
from scene import assert_sent
from stage import wait_for

OWNER = "owner@example.test"
# Its links lie, so it is held; whoever reads it sees a shop that writes oddly.
HELD = {"your_name": "特価 太郎", "your_email": "tokka@visitor.example", "your_subject": "特別なご案内",
        "your_message": "はじめまして。\n次のページで特別価格をご覧ください。\nhttps://www.amazon.co.jp.sale.example/login\nhttps://bit.ly/abc http://192.0.2.99/x\nよろしくお願いします。"}
PASSED = {"your_subject": "普通のお問い合わせ"}
HIDDEN = re.compile(r'name="([tp])" value="([^"]+)"')


def post(web, **changes):
    return visitor.post_feedback(web, **changes)


def mails_with(smtp, words):
    return [mail for mail in smtp.mails() if words in str(mail["Subject"])]


def wait_mail(smtp, words, count=1):
    wait_for(lambda: len(mails_with(smtp, words)) >= count, lambda: f"{count} mails with {words!r}; there are {[str(mail['Subject']) for mail in smtp.mails()]}", 60)
    mails = mails_with(smtp, words)
    assert len(mails) == count
    return mails[-1]


def links_in(mail):
    return re.findall(r"https?://\S+/sekisho/review\?t=[\w-]+", mail.text)


def held_link(smtp, web):
    """A held message's link, as its owner finds it in the mail."""
    assert_sent(post(web, **HELD))
    link, = links_in(wait_mail(smtp, "確認待ち"))
    return link


def passed_link(smtp, web):
    assert_sent(post(web, **PASSED))
    link, = links_in(wait_mail(smtp, PASSED["your_subject"]))
    return link


def token_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query, strict_parsing=True)["t"][0]


def hidden_of(page):
    """What the page's buttons post besides the decision."""
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


def press(link, decision, hidden=None, **headers):
    """What a button does that a person has found on the page."""
    if hidden is None:
        hidden = hidden_of(visitor.request(link).text)
    body, content_type = visitor.urlencoded({**hidden, "d": decision})
    return visitor.request(link.split("?")[0], "POST", body, content_type, {name.replace("_", "-"): value for name, value in headers.items()})
