"""Exim takes a mail and gives it back: its real report, in a Maildir and on standard input, ends the mail, spares the address and is told to people."""

import re
import subprocess

import pytest
import visitor
from gateway import Gateway
from smtp import SmtpServer
from stage import wait_for

GONE = "gone@visitor.example"
MAIL_2 = """
[mail_2]
active = on
subject = [_site_title]
sender = [_site_title] <form@example.test>
recipient = [your-email]
"""
# After RCPT: what is accepted and then fails is what makes a server write a report.
ROUTER = """begin routers
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: 550 5.1.1 Unknown user
"""


class BouncingServer(SmtpServer):
    def __init__(self, stage):
        super().__init__(stage)
        text = self.configuration.read_text(encoding="utf-8")
        assert "begin routers\n" in text
        self.configuration.write_text(text.replace("begin routers\n", ROUTER), encoding="utf-8")


@pytest.fixture
def smtp(stage):
    return stage.add(BouncingServer(stage)).start()


@pytest.fixture
def gateway(stage, smtp, watch):
    gateway = stage.add(Gateway(stage, smtp))
    ini = gateway.form_file("form.ini")
    ini.write_text(ini.read_text(encoding="utf-8") + MAIL_2, encoding="utf-8")
    gateway.form_file("mail_2.txt").write_text("[your-name]\n", encoding="utf-8")
    return watch(gateway).start()


def find_report(smtp):
    """The path of Exim's report, once it is there."""
    def paths():
        return [path for path in smtp.mail_paths() if b"multipart/report" in path.read_bytes()]
    wait_for(lambda: len(paths()) == 1, "the report of the mail server", 60)
    return paths()[0]


def confirmation_state(gateway, receipt):
    return next(item for item in gateway.sekisho_json("queue", "list", "--receipt", receipt, "--state", "cancelled")
                if item["mail"] == "confirmation")["deliveries"][0]


def test_a_report_in_a_maildir(smtp, gateway, web):
    visitor.post_feedback(web, your_email=GONE)
    receipt = gateway.wait_event("submission").pairs["receipt"]
    report = find_report(smtp)
    assert b"form+" in report.read_bytes()

    said = gateway.sekisho("bounce", "--maildir", str(smtp.maildir))
    assert f"confirmation of {receipt}" in said and "came back" in said and "no such mailbox" in said, said
    assert not report.exists() and (smtp.maildir / "cur" / f"{report.name}:2,S").exists()
    # The notice to the owner lies there, too, and is none of ours to move.
    assert len(smtp.mail_paths()) == 1

    delivery = confirmation_state(gateway, receipt)
    assert (delivery["state"], delivery["reason"]) == ("cancelled", "bounce.address")
    assert "Unknown user" in delivery["server_text"]
    suppressed, = [row for row in gateway.sekisho_json("address", "list") if "suppressed_by" in row]
    assert (suppressed["address"], suppressed["reason"]) == (GONE, "bounce.address")
    assert gateway.sekisho("bounce", "--maildir", str(smtp.maildir)) == "no bounces\n"

    # Nobody is asked there again, and the owner's notice goes as ever.
    visitor.post_feedback(web, your_email=GONE, your_subject="再び")
    gateway.wait_event("delivery", kind="reply", outcome="cancelled", reason="suppressed")
    wait_for(lambda: len(smtp.mail_paths()) == 2, "the second notice")
    gateway.sekisho("address", "unsuppress", "example.test", GONE)
    assert all("suppressed_by" not in row for row in gateway.sekisho_json("address", "list"))


def test_a_report_on_standard_input(smtp, gateway, web):
    visitor.post_feedback(web, your_email=GONE)
    report = find_report(smtp).read_bytes()
    command = [gateway.programs / "sekisho", "--config", gateway.configuration, "bounce"]

    def feed(message, *arguments):
        return subprocess.run([*command, *arguments], input=message, capture_output=True, check=False)
    # Another receipt under the hash of this one.
    tagged = re.search(rb"form\+\w{12}", report, re.IGNORECASE)[0]
    forged = feed(report.replace(tagged, tagged[:-1] + (b"a" if tagged[-1:] != b"a" else b"b")))
    assert forged.returncode == 0 and b"without a valid tag" in forged.stdout, forged
    assert feed(b"From: hanako@visitor.example\nSubject: hello\n\nhello\n").returncode == 65
    assert b"came back" in feed(report).stdout
    again = feed(report)
    assert again.returncode == 0 and b"had ended or come back before" in again.stdout, again
