"""A form that answers its visitors, for the tests that kill: half of them are at home in the site's own domain, the others are asked first and press."""

import re
import threading
import urllib.parse

import visitor
from stage import wait_for

HOME, AWAY = "staff.example", "visitor.example"
REPLY = """
[mail_2]
active = on
subject = [your-subject]
sender = [_site_title] <form@example.test>
recipient = [your-email]
"""
# Only what is done twice is looked for here, not how much is done.
LIMITS = """[reply]
wait = 48h
per_domain = 100000
per_form = 100000
fuse_hour = 100000
fuse_day = 1000000
"""


def let_reply(gateway):
    site = gateway.folder / "sites" / "example.test" / "site.conf"
    text = site.read_text(encoding="utf-8").replace("#own_domains = example.test", f"own_domains = {HOME}").replace("#[reply]\n", LIMITS)
    site.write_text(text, encoding="utf-8")
    form = gateway.form_file("form.ini")
    form.write_text(form.read_text(encoding="utf-8") + REPLY, encoding="utf-8")
    gateway.form_file("mail_2.txt").write_text("[your-name] 様\n\n控えです。\n", encoding="utf-8")


def address_of(word):
    """Of the visitor with that word, "w12"."""
    return f"{word}@{HOME if int(word[1:]) % 2 == 0 else AWAY}"


def word_of(mail):
    """Of a mail that was taken: a visitor's own address tells it, and for the operator the subject."""
    local, domain = mail.recipient.split("@")
    return local if domain in (HOME, AWAY) else mail.word


def press(link):
    """What the page's button does. TRUE if it was thanked for."""
    body, content_type = visitor.urlencoded({"t": urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["t"][0]})
    try:
        answer = visitor.request(link.split("?")[0], "POST", body, content_type)
    except OSError:
        return False
    return answer.status == 200 and "メールアドレスを確認しました" in answer.text


class Presser:
    """Presses what the post office takes, whatever is killed meanwhile, until it is thanked for; then never again, as a person would. `thanked`: who
    was before. `on_thanks()` is called after each, in the presser's thread."""

    def __init__(self, office, on_thanks=lambda: None, thanked=()):
        self.office, self.on_thanks, self.thanked = office, on_thanks, set(thanked)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def unthanked(self):
        """{address: link}"""
        links = {mail.recipient: re.search(r"http\S+/sekisho/confirm\?t=\S+", mail.message.get_content())[0]
                 for mail in list(self.office.taken) if mail.kind == "confirmation"}
        return {address: link for address, link in links.items() if address not in self.thanked}

    def run(self):
        while not self.is_over.wait(0.1):
            for address, link in self.unthanked().items():
                if press(link):
                    self.thanked.add(address)
                    self.on_thanks()

    def wait(self):
        wait_for(lambda: not self.unthanked(), lambda: f"thanks for {self.unthanked()}", 60)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
