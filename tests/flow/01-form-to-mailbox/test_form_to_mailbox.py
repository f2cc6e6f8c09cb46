"""The road the gateway is for: a visitor posts the form as the plugin's script does, and the owner's mailbox has the mail."""

import re

import visitor
from scene import assert_sent, wait_mails


def test_japanese_submission_arrives(smtp, gateway, web):
    answer = visitor.post_feedback(web)
    assert_sent(answer)
    body = answer.json()
    assert body["contact_form_id"] == 4 and body["into"] == "#wpcf7-f4-p7-o1" and body["invalid_fields"] == []
    assert body["message"] == "お問い合わせを受け付けました。ご連絡ありがとうございます。"
    assert re.fullmatch("[0-9a-f]{32}", body["posted_data_hash"])
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"

    mail, = wait_mails(smtp, 1)
    assert mail["From"] == "見本商店 <form@example.test>"
    assert mail["Return-path"] == "<form@example.test>"
    assert mail["To"] == "owner@example.test"
    assert mail["Reply-To"] == visitor.SAMPLE["your-email"]
    assert mail["Subject"] == f"見本商店 お問い合わせ: {visitor.SAMPLE['your-subject']}"
    for value in ("your-name", "your-email", "your-tel", "your-message"):
        assert visitor.SAMPLE[value] in mail.text
    assert re.fullmatch(r"<[^<>@\s]+@example\.test>", mail["Message-ID"]) and mail["Date"]
    assert smtp.is_tls_and_auth_used()


def test_every_line_of_the_mail_is_within_the_limits(smtp, gateway, web):
    assert_sent(visitor.post_feedback(web, your_name="長" * 100, your_subject="件" * 200, your_message="本" * 2000))
    mail, = wait_mails(smtp, 1)
    assert max(len(line) for line in mail.raw.split(b"\n")) <= 998
    head = mail.raw.split(b"\n\n")[0]
    assert head.isascii() and "件" * 200 in mail["Subject"] and "本" * 2000 in mail.text


def test_notice_ends_with_the_facts(smtp, gateway, web):
    assert_sent(visitor.post_feedback(web))
    mail, = wait_mails(smtp, 1)
    receipt = gateway.wait_event("submission", site="example.test").pairs["receipt"]
    facts = mail.text.split("から届きました。", 1)[1]
    assert re.search(r"127\.0\.0\.1\D+\d+", facts), "address and source port"
    assert receipt in facts and web.url() in facts and "お問い合わせ" in facts
    assert re.search(r"\d\d:\d\d:\d\d", facts) and "+09:00" in facts.replace("+0900", "+09:00"), "time with zone"


def test_facts_can_be_switched_off(stage, smtp, gateway, web):
    path = gateway.folder / "sites" / "example.test" / "site.conf"
    path.write_text(path.read_text().replace("facts = on", "facts = off"))
    before = len(gateway.lines())
    gateway.reload()
    gateway.wait_event("started", role="courier", after=before)
    gateway.wait_event("started", role="front", after=before)
    assert_sent(visitor.post_feedback(web))
    mail, = wait_mails(smtp, 1)
    assert mail.text.rstrip().endswith("の問い合わせフォームから届きました。")


def test_mistakes_come_back_and_nothing_is_mailed(smtp, gateway, web):
    answer = visitor.post_feedback(web, your_name="", your_email="hanako")
    body = answer.json()
    assert answer.status == 200 and body["status"] == "validation_failed" and body["posted_data_hash"] == ""
    fields = {entry["field"]: entry for entry in body["invalid_fields"]}
    assert set(fields) == {"your-name", "your-email"}
    assert fields["your-name"]["error_id"] == "wpcf7-f4-p7-o1-ve-your-name" and fields["your-name"]["message"] == "この項目は入力が必要です。"
    answer = visitor.post_feedback(web, your_consent=None)
    assert answer.status == 200 and answer.json()["status"] == "acceptance_missing"
    # What would have been mailed is gone before this one.
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert len(gateway.sekisho_json("submissions")) == 1


def test_a_visitor_cannot_add_headers_or_recipients(smtp, gateway, web):
    attack = "見積\r\nBcc: victim@elsewhere.example\r\n\r\nbody"
    assert_sent(visitor.post_feedback(web, your_subject=attack, your_name='"a" <b@elsewhere.example>, c'))
    mail, = wait_mails(smtp, 1)
    assert mail["Bcc"] is None and mail["From"] == "見本商店 <form@example.test>"
    envelope, = smtp.accepted()
    assert envelope.endswith(" for owner@example.test"), envelope


def test_addresses_from_fields_are_kept_but_not_mailed(smtp, gateway, web):
    form = gateway.form_file("form.ini")
    form.write_text(form.read_text().replace("[form]\n", "[form]\nreply = never\n") + "\n[mail_2]\nactive = on\nsubject = 控え\nsender = [_site_title] <form@example.test>\nrecipient = [your-email]\n")
    gateway.form_file("mail_2.txt").write_text("控え\n[your-message]\n")
    before = len(gateway.lines())
    gateway.reload()
    gateway.wait_event("started", role="front", after=before)
    gateway.wait_event("started", role="courier", after=before)
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    submission, = gateway.sekisho_json("submissions")
    assert submission["mails_refused"] == 1 and submission["mails_waiting"] == 0 and submission["mails_sent"] == 1
    assert all("visitor.example" not in line for line in smtp.accepted())


def test_the_database_tells_nothing_personal(smtp, gateway, web):
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    stored = b"".join(path.read_bytes() for path in (gateway.folder / "data").rglob("*") if path.is_file())
    assert len(stored) > 1000
    for value in [*visitor.SAMPLE.values(), "127.0.0.1", "owner@example.test", "sekisho visitor"]:
        if len(value) > 3:
            assert value.encode() not in stored, value


def test_the_owner_reads_it_with_the_command_line(smtp, gateway, web):
    assert_sent(visitor.post_feedback(web, your_message="\x1b[31m赤\u202e"))
    wait_mails(smtp, 1)
    receipt = gateway.sekisho_json("submissions")[0]["receipt"]
    shown = gateway.sekisho("submissions", "show", receipt)
    assert visitor.SAMPLE["your-name"] in shown and receipt in shown
    assert "\x1b" not in shown and "\u202e" not in shown


def test_the_shipped_configuration_is_right(gateway):
    gateway.sekisho("check")
    dump = gateway.sekisho("config", "dump")
    assert "sites_directory" in dump and "open-sesame" not in dump


def test_schema_and_refill(gateway, web):
    schema = visitor.request(web.url(visitor.FEEDBACK + "/schema")).json()
    assert {"rule": "email", "field": "your-email"}.items() <= next(rule for rule in schema["rules"] if rule["rule"] == "email").items()
    refill = visitor.request(web.url(visitor.FEEDBACK.replace("feedback", "refill")))
    assert refill.status == 200 and refill.json() == []
