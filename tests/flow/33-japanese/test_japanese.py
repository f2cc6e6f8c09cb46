"""A Japanese site speaks Japanese: every page, answer, mail and report that visitors and owners can meet is rendered, and has no English word but names, addresses and commands."""

import html.parser
import json
import re
import time

import pytest
import visitor
from gateway import Gateway
from smtp import SmtpServer
from stage import wait_for
from web import Nginx

SITE, OWNER = "example.test", "owner@example.test"
OFF = {name: "off" for name in ("ip", "network", "network_wide", "fingerprint", "sender", "form", "site")}
DAY = 24 * 3600
MAIL_2 = "\n[mail_2]\nactive = on\nsubject = 控え\nsender = [_site_title] <form@example.test>\nrecipient = [your-email]\n"
# Held, for every reason that a text alone can give.
DOUBTFUL = {"your_name": "特価 太郎", "your_subject": "特別なご案内",
            "your_message": "次のページで特別価格をご覧ください。\nhttps://www.amazon.co.jp.sale.example/login\nhttps://bit.ly/abc http://192.0.2.99/x\nhttp://a:b@c.example/"}
# Names that a Japanese reader reads in Latin letters.
NAMES = {"sekisho", "URL", "UTC", "JavaScript", "RECEIPT"}
# Elements whose words are no sentence of ours: styles, and what is marked as the operator's English.
NOT_READ = {"style", "script"}


class Reader(html.parser.HTMLParser):
    """What a page says: its texts, and those that stand for images and fields."""

    def __init__(self, page):
        super().__init__()
        self.said, self.skipped = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in NOT_READ or given.get("lang") == "en" or self.skipped:
            if tag not in {"br", "img", "input", "meta", "link", "hr"}:
                self.skipped.append(tag)
            return
        self.said += [given[name] for name in ("alt", "aria-label", "title", "placeholder") if given.get(name)]
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.said.append(given.get("value", ""))

    def handle_endtag(self, tag):
        if self.skipped and self.skipped[-1] == tag:
            self.skipped.pop()

    def handle_data(self, data):
        if not self.skipped:
            self.said.append(data)


def english_words(text):
    """Outside of URLs, addresses, commands with what they are given, the visitor's browser and receipt numbers."""
    text = re.sub(r"`[^`]*`|^ *sekisho .*$", "|", text, flags=re.MULTILINE)
    text = re.sub(r"[\w.+=-]+@[\w.-]+|\bhttps?://\S+|\b[\w-]+(\.[\w-]+)+\S*|sekisho visitor|\b[0-9A-HJKMNP-TV-Z]{12}\b", "|", text)
    return {word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in NAMES}


class Listener:
    """Hears everything, and says where it was English."""

    def __init__(self):
        self.heard, self.wrong = 0, {}

    def text(self, name, text):
        self.heard += 1
        assert re.search(r"[ぁ-ん]", text), f"{name} has no Japanese: {text}"
        if english_words(text):
            self.wrong[name] = (sorted(english_words(text)), text)

    def page(self, name, answer, status=200):
        assert answer.status == status, f"{name}: {answer.status} {answer.text}"
        assert '<html lang="ja"' in answer.text, name
        self.text(name, "\n".join(Reader(answer.text).said))

    def answer(self, name, answer):
        said = answer.json()
        self.text(name, said["message"])
        for field in said.get("invalid_fields", []):
            self.text(f"{name}: {field['field']}", field["message"])

    def mail(self, name, mail):
        for part in mail.message.walk():
            if part.get_content_type() == "text/plain":
                self.text(f"{name} (text)", f"{mail['Subject']}\n{part.get_content()}")
            elif part.get_content_type() == "text/html":
                self.text(f"{name} (html)", "\n".join(Reader(part.get_content()).said))


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    assert not listener.wrong, json.dumps(listener.wrong, ensure_ascii=False, indent=1)


@pytest.fixture
def stand(stage, smtp, watch, clock, monkeypatch):
    # The command's clock is the gateway's.
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)

    def start(fields="", notices_per_hour=1_000_000, **groups):
        groups["check"] = {"sender": "off", "trap": "off", **groups.get("check", {})}
        gateway = stage.add(Gateway(stage, smtp, gate=groups, notices_per_hour=notices_per_hour))
        form = gateway.form_file("form.html")
        form.write_text(form.read_text(encoding="utf-8").replace("[submit", f"{fields}\n[submit"), encoding="utf-8")
        return gateway, watch(gateway).start(environment=clock.environment), stage.add(Nginx(stage, gateway.socket)).start()

    return lambda **given: start(**given)[1:]


def wait_mail(smtp, what, is_it):
    return wait_for(lambda: next((mail for mail in smtp.mails() if is_it(mail)), None), lambda: f"{what}; there are {[str(mail['Subject']) for mail in smtp.mails()]}", 60)


def links_in(mail, kind):
    return re.findall(rf"https?://\S+/sekisho/{kind}\?t=[\w-]+", mail.text)


def link_in(mail, kind):
    return links_in(mail, kind)[0]


def press(link, **values):
    hidden = dict(re.findall(r'name="([a-z])" value="([^"]+)"', visitor.request(link).text))
    body, content_type = visitor.urlencoded({**hidden, **values})
    return visitor.request(link.split("?")[0], "POST", body, content_type)


# --- Pages and answers ----------------------------------------------------------------------------------------------------------

WRONG = {"empty": {"your_name": "", "your_email": "", "your_consent": None}, "address": {"your_email": "hanako"}, "telephone": {"your_tel": "x"}, "long": {"your_subject": "あ" * 2000}}


def test_answers_to_visitors(stand, listener):
    gateway, web = stand(fields="[text website]", check={"honeypot_fields": "website"}, limit={**OFF, "ip": "4/1h burst 4"})
    for name, changes in WRONG.items():
        listener.answer(name, visitor.post_feedback(web, **changes))
        listener.page(f"page: {name}", visitor.post_page(web, **changes))
    listener.answer("sent", visitor.post_feedback(web, your_subject="一"))
    listener.page("page: sent", visitor.post_page(web, your_subject="二"))
    listener.answer("held", visitor.post_feedback(web, your_subject="三", website="x"))
    listener.page("page: held", visitor.post_page(web, your_subject="四", website="x"))
    listener.answer("wait", visitor.post_feedback(web, your_subject="五"))
    listener.page("page: wait", visitor.post_page(web, your_subject="六"))
    for name, changes in {"no form": {"_wpcf7": None}, "unknown form": {"_wpcf7": "999"}}.items():
        answer = visitor.post_page(web, **changes)
        listener.page(f"page: {name}", answer, answer.status)
    assert listener.heard > 15


def test_a_captcha_is_asked_for_again(stand, listener):
    _, web = stand(captcha={"service": "altcha", "altcha_cost": "1"})
    listener.answer("again", visitor.post_feedback(web))
    listener.page("page: again", visitor.post_page(web))


# --- A confirmation -----------------------------------------------------------------------------------------------------------------

def test_confirmation(stage, smtp, watch, clock, listener):
    gateway = stage.add(Gateway(stage, smtp))
    ini = gateway.form_file("form.ini")
    ini.write_text(ini.read_text(encoding="utf-8") + MAIL_2, encoding="utf-8")
    gateway.form_file("mail_2.txt").write_text("[your-name] 様\n\n控えです。\n", encoding="utf-8")
    watch(gateway).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    listener.answer("sent, with a reply", visitor.post_feedback(web, your_email="hanako@docomo.ne.jp"))
    mail = wait_mail(smtp, "the confirmation", lambda mail: mail["Envelope-To"] == "hanako@docomo.ne.jp")
    listener.mail("confirmation", mail)
    listener.mail("notice of an unconfirmed one", wait_mail(smtp, "the notice", lambda mail: mail["Envelope-To"] == OWNER))
    link = link_in(mail, "confirm")
    listener.page("confirm: forged", visitor.request(link[:-4]), 404)
    listener.page("confirm: asked", visitor.request(link))
    listener.page("confirm: done", press(link))
    clock.move(40 * DAY)
    expired = visitor.request(link)
    listener.page("confirm: expired", expired, expired.status)


# --- What the owner reads ------------------------------------------------------------------------------------------------------------

def test_notes_reviews_and_reports(stand, smtp, clock, listener):
    gateway, web = stand(limit={**OFF, "ip": "4/1h burst 4"}, report={"send": "daily"})
    gateway.sekisho("list", "add", "hold", "phrase", "在庫処分")
    assert visitor.post_feedback(web, your_subject="一").status == 200
    notice = wait_mail(smtp, "the notice", lambda mail: str(mail["Subject"]).endswith("一"))
    listener.mail("notice", notice)
    for number in (1, 2):
        visitor.post_feedback(web, **{**DOUBTFUL, "your_subject": f"特別なご案内 {number}"})
    note = wait_mail(smtp, "the note", lambda mail: "確認待ち" in str(mail["Subject"]))
    listener.mail("note of what is held", note)
    for number in range(3):
        visitor.post_feedback(web, your_subject=f"続き {number}")
    visitor.request(web.url(visitor.FEEDBACK), "POST", *visitor.multipart(visitor.fields(your_subject="拒否")), {"User-Agent": "x", "Referer": web.url()})

    of_notice, of_note = link_in(notice, "review"), link_in(note, "review")
    listener.page("review: passed", visitor.request(of_notice))
    listener.page("review: held", visitor.request(of_note))
    listener.page("review: forged", visitor.request(of_note[:-4]), 404)
    body, content_type = visitor.urlencoded({"t": of_note.split("?t=")[1], "d": "release"})
    listener.page("review: without the page's token", visitor.request(of_note.split("?")[0], "POST", body, content_type), 403)
    # The tallies are written within seconds.
    time.sleep(3)
    clock.move(DAY)
    gateway.sekisho("report", "--mail")
    report = wait_mail(smtp, "the report", lambda mail: mail["Message-ID"].startswith("<report."))
    listener.mail("report", report)
    listener.text("report (terminal)", gateway.sekisho("report", "--since", "7d", "--site", SITE))
    listener.text("report (file)", "\n".join(Reader(gateway.sekisho("report", "--since", "7d", "--site", SITE, "--format", "html")).said))

    listener.page("review: recorded", press(of_note, d="discard"))
    wait_for(lambda: visitor.request(of_note).status == 410, "the decision", 30)
    listener.page("review: used", visitor.request(of_note), 410)
    listener.page("review: blocked", press(of_notice, d="block-network"))
    wait_for(lambda: visitor.request(of_notice).status == 410, "the second decision", 30)
    listener.page("review: used after a block", visitor.request(of_notice), 410)
    other, = [link for link in links_in(report, "review") if visitor.request(link).status == 200]
    clock.move(20 * DAY)
    listener.page("review: expired", visitor.request(other), 410)
    clock.move(60 * DAY)
    listener.text("report of a quiet day", gateway.sekisho("report", "--since", "24h", "--site", SITE))


def test_a_digest(stand, smtp, clock, listener):
    gateway, web = stand(notices_per_hour=1, limit=OFF)
    # A minute past the next full hour, and then the next time that collected notices leave.
    begin = (time.time() // 3600 + 1) * 3600
    clock.move(begin + 60 - time.time())
    for number in range(4):
        assert visitor.post_feedback(web, your_subject=f"{number}").status == 200
    wait_for(lambda: gateway.sekisho("queue").count("deferred") == 3, lambda: f"three that are collected; there are\n{gateway.sekisho('queue')}", 30)
    clock.move(begin + 16 * 60 - time.time())
    listener.mail("digest", wait_mail(smtp, "the digest", lambda mail: ".digest." in mail["Message-ID"]))


def test_an_alarm(stage, watch, announce, listener):
    """The texts of all alarms are tests/meta/test_texts.py's matter."""
    announce.add("delivery_dead")
    smtp = stage.add(SmtpServer(stage, recipient_rules=f"deny message = no such box\n       recipients = {OWNER}")).start()
    gateway = stage.add(Gateway(stage, smtp))
    site = gateway.folder / "sites" / SITE / "site.conf"
    site.write_text(site.read_text(encoding="utf-8").replace(f"admin_address = {OWNER}", "admin_address = boss@example.test"), encoding="utf-8")
    watch(gateway).start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    visitor.post_feedback(web)
    listener.mail("alarm", wait_mail(smtp, "the alarm", lambda mail: mail["Envelope-To"] == "boss@example.test"))
