"""What the flows of replies share: a form that answers its visitors, and what a visitor finds in the mailbox."""

import re
import sqlite3
import urllib.parse

import visitor
from stage import wait_for

ADDRESS = "hanako@visitor.example"
SUBJECT = "お問い合わせの控え"
MAIL_2 = f"""
[mail_2]
active = on
subject = [_site_title] {SUBJECT}
sender = [_site_title] <form@example.test>
recipient = [your-email]
"""
# What the visitor typed, each in words that stand nowhere else.
TYPED = {"your_name": "打込花子", "your_tel": "03-9999-1357", "your_subject": "打込件名", "your_message": "打込本文 https://typed.example/ <b>"}


def let_reply(gateway, policy=None):
    """The contact form answers whoever fills it in."""
    ini = gateway.form_file("form.ini")
    text = ini.read_text(encoding="utf-8")
    if policy:
        text = text.replace("[form]\n", f"[form]\nreply = {policy}\n")
    ini.write_text(text + MAIL_2, encoding="utf-8")
    gateway.form_file("mail_2.txt").write_text("[your-name] 様\n\n控えです。\n\n[your-message]\n", encoding="utf-8")


def post(web, **changes):
    return visitor.post_feedback(web, **{**TYPED, **changes})


def mails_to(smtp, address):
    return [mail for mail in smtp.mails() if mail["Envelope-To"] == address]


def wait_mails_to(smtp, address, count):
    wait_for(lambda: len(mails_to(smtp, address)) >= count, lambda: f"{count} mails to {address}; there are {len(mails_to(smtp, address))}", 60)
    mails = mails_to(smtp, address)
    assert len(mails) == count
    return mails


def link_in(mail):
    """The one link to press of a confirmation."""
    link, = re.findall(r"https?://\S+/sekisho/confirm\S+", mail.text)
    return link


def token_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query, strict_parsing=True)["t"][0]


def press(link, token=None):
    """What the page's button does."""
    body, content_type = visitor.urlencoded({"t": token or token_of(link)})
    return visitor.request(link.split("?")[0], "POST", body, content_type)


def row_counts(gateway):
    """{table: rows} of what the front may write; not of the stories of the mails, which the courier writes on as they go."""
    with sqlite3.connect(f"file:{gateway.folder / 'data' / 'sekisho.db'}?mode=ro", uri=True) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {table: db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables if table != "delivery_event"}
