"""Three failures of captchas, three answers, over the whole road: the service is away, we are refused, the visitor's token is not good. And many who wait for a slow service."""

import concurrent.futures
import datetime
import email.utils
import os
import pathlib
import re
import signal
import statistics
import time

import visitor
from captcha_server import good, refusal
from conftest import PLAIN, SECRET
from scene import assert_sent, is_sent, subject_words, wait_mails
from stage import group_members, wait_for

HELD = "担当者が内容を確認いたします"
AGAIN = "もう一度送信ボタンを押してください"
NOTE = "【要確認】確認待ちのお問い合わせが"
UNCHECKED = "【未確認】"
OWNER = "owner@example.test"
MAIL_2 = """
[mail_2]
active = on
subject = お問い合わせの控え
sender = [_site_title] <form@example.test>
recipient = [your-email]
"""
WAITING = 200
SLOW_S = 3


def post(web, token, word=None, **changes):
    """The subject ends with the word."""
    return visitor.post_feedback(web, cf_turnstile_response=token, your_subject=f"見積もり {word or token}", **changes)


def submissions(gateway):
    return [line.pairs for line in gateway.lines() if line.event == "submission"]


def last(gateway):
    return submissions(gateway)[-1]


def status_of(gateway, receipt):
    return re.search(r"^status\s+(\w+):", gateway.sekisho("why", receipt), re.MULTILINE)[1]


def front_of(gateway):
    """Its process id."""
    pid, = [pid for pid in group_members(gateway.process.popen.pid) if b"front" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    return pid


def notices(smtp, word):
    return [mail for mail in smtp.mails() if mail["Subject"].endswith(f" {word}")]


def notes(smtp):
    """What the owner was told of held ones."""
    return [mail for mail in smtp.mails() if mail["Subject"].startswith(NOTE)]


def hold(gateway, web, token):
    """Posts what the service cannot be asked about. The receipt, which the visitor is told."""
    answer = post(web, token)
    line = last(gateway)
    assert answer.json()["status"] == "mail_sent" and HELD in answer.json()["message"] and line["receipt"] in answer.json()["message"], answer.text
    assert (line["kept"], line["check"]) == ("held", "captcha") and status_of(gateway, line["receipt"]) == "held"
    return line["receipt"]


def assert_asked_again(answer):
    """Nothing was taken, and the visitor reads what to do."""
    assert answer.status == 200 and answer.json()["status"] == "aborted" and AGAIN in answer.json()["message"], answer.text


# --- The service is away ----------------------------------------------------------------------------------------------------

def test_what_is_held_is_cleared_when_the_service_comes_back(stand, service, smtp, clock, announce):
    """The service comes back for one, refuses one, stays down for one, and a person was faster with two. It is asked for the second time after 20 seconds."""
    announce.add("check_failed")
    clock.move(-1800)
    gateway, web = stand()
    service.stop()
    receipts = {word: hold(gateway, web, word) for word in ("back", "robot", "freed", "thrown")}
    wait_for(lambda: notes(smtp), "the note to the owner")
    service.start()
    assert_sent(post(web, "fine"))
    service.behaviours = {"down": "status:503", "robot": refusal("timeout-or-duplicate")}
    receipts["down"] = hold(gateway, web, "down")
    assert {entry["receipt"] for entry in gateway.sekisho_json("held")} == set(receipts.values())
    clock.move(0)
    gateway.sekisho("held", "release", receipts["freed"])
    gateway.sekisho("held", "discard", receipts["thrown"])
    assert gateway.wait_event("cleared", seconds=60).pairs["receipt"] == receipts["back"]
    asked = ["back", "down", "down", "fine", "freed", "robot", "thrown"]
    wait_for(lambda: sorted(question["response"] for question in service.questions) == asked, lambda: str(service.questions))
    wait_for(lambda: notices(smtp, "back") and notices(smtp, "freed"), "the notices")
    assert {word: status_of(gateway, receipt) for word, receipt in receipts.items()} == {
        "back": "accepted", "robot": "held", "freed": "released", "thrown": "discarded", "down": "held"}
    # A person looks at what stays; it then leaves with the date on which it came. Until then a wrong release would have been committed and mailed, too.
    gateway.sekisho("held", "release", receipts["down"])
    wait_for(lambda: notices(smtp, "down"), "the released notice")
    assert {word: len(notices(smtp, word)) for word in receipts} == {"back": 1, "robot": 0, "freed": 1, "thrown": 0, "down": 1}
    assert [line.pairs["receipt"] for line in gateway.lines() if line.event == "cleared"] == [receipts["back"]]
    for word in ("back", "freed", "down"):
        mail, = notices(smtp, word)
        age = datetime.datetime.now(datetime.timezone.utc) - email.utils.parsedate_to_datetime(mail["Date"])
        assert datetime.timedelta(minutes=29) < age < datetime.timedelta(minutes=35), (word, age)
    note, = notes(smtp)
    assert note["Envelope-To"] == OWNER


def test_front_that_is_killed_forgets_the_second_question_and_nothing_else(stand, service, smtp, announce):
    announce |= {"check_failed", "role_ended"}
    gateway, web = stand()
    service.stop()
    receipt = hold(gateway, web, "kept")
    before = len(gateway.lines())
    os.kill(front_of(gateway), signal.SIGKILL)
    gateway.wait_event("started", after=before, role="front")
    service.start()
    assert status_of(gateway, receipt) == "held" and [entry["receipt"] for entry in gateway.sekisho_json("held")] == [receipt]
    gateway.sekisho("held", "release", receipt)
    assert_sent(post(web, "fine"))
    # The note, the one that is fine, and the one that was released.
    wait_mails(smtp, 3)
    assert len(notices(smtp, "kept")) == len(notices(smtp, "fine")) == len(notes(smtp)) == 1


# --- We are refused -----------------------------------------------------------------------------------------------------------

def test_our_own_fault_marks_notices_stops_replies_and_alarms(stage, stand, service, smtp, announce):
    announce |= {"check_failed", "alarm_told"}
    told = stage.write("told", "", mode=0o666)
    stage.write("alarm", f'#!/bin/sh\n{{ echo "$1 $2"; cat; }} >> {told}\n', mode=0o755)

    def prepare(gateway):
        gateway.write_configuration(alarm_command=stage.directory / "alarm", alarm_address="alarm@operator.test")
        ini = gateway.form_file("form.ini")
        ini.write_text(ini.read_text(encoding="utf-8") + MAIL_2, encoding="utf-8")
        gateway.form_file("mail_2.txt").write_text("控えです。\n\n[your-message]\n", encoding="utf-8")

    service.default = refusal("invalid-input-secret")
    gateway, web = stand(prepare, limit={"unchecked": "2/1h"})
    for word in ("one", "two"):
        answer = post(web, word)
        assert_sent(answer)
        assert HELD not in answer.json()["message"] and "kept" not in last(gateway), answer.text
    unchecked = last(gateway)["receipt"]
    assert HELD in post(web, "three").json()["message"]
    assert (last(gateway)["kept"], last(gateway)["code"]) == ("held", "unchecked_ceiling")
    for channel in ("command", "mail"):
        gateway.wait_event("alarm_told", channel=channel, topic="captcha")
    # Two notices, the note that one is held, and the alarm.
    wait_mails(smtp, 4)
    for word in ("one", "two"):
        mail, = notices(smtp, word)
        assert mail["Subject"].startswith(UNCHECKED) and UNCHECKED in mail.text and mail["Envelope-To"] == OWNER
    assert len(notes(smtp)) == 1
    why = " ".join(gateway.sekisho("why", unchecked).split())
    assert "does not know our secret" in why and "its notice is marked, and its visitor is mailed nothing" in why, why
    # That the visitor is mailed again once our settings are right shows that the form does reply.
    service.default = good()
    assert_sent(post(web, "four"))
    wait_mails(smtp, 6)
    assert not notices(smtp, "four")[0]["Subject"].startswith(UNCHECKED)
    assert [mail["Envelope-To"] for mail in smtp.mails()].count(visitor.SAMPLE["your-email"]) == 1
    assert told.read_text(encoding="utf-8").startswith("captcha example.test\n") and told.read_text(encoding="utf-8").count("captcha example.test\n") == 1
    assert len([line for line in gateway.lines() if line.event == "alarm_told"]) == 2
    assert SECRET not in gateway.log_path.read_text() + told.read_text(encoding="utf-8") + "".join(mail.text for mail in smtp.mails())


# --- The visitor's token ------------------------------------------------------------------------------------------------------

def test_bad_tokens_are_asked_for_again(stand, service, smtp):
    gateway, web = stand(check={"duplicates": "on"})
    service.behaviours = {"expired": refusal("timeout-or-duplicate"), "used": refusal("already-seen-response"), "other": refusal("invalid-input-response"),
                          "aged": {**good(), "challenge_ts": "2026-01-01T00:00:00Z"}}
    for word in service.behaviours:
        assert_asked_again(post(web, word, "same"))
    assert_asked_again(post(web, None, "same"))
    assert_asked_again(post(web, "a b", "same"))
    # Nothing is stored, so the next try is no repetition of those, and passes with a fresh token.
    assert gateway.sekisho_json("submissions") == []
    answer = post(web, "fresh", "same")
    assert_sent(answer)
    # The same again, as a browser sends it again that lost the answer, brings the same token and reads the same; with anything else the token is worth nothing.
    asked = len(service.questions)
    assert post(web, "fresh", "same").json() == answer.json()
    assert_asked_again(post(web, "fresh", "another"))
    assert len(service.questions) == asked and (last(gateway)["check"], last(gateway)["code"]) == ("captcha", "used")
    assert len(gateway.sekisho_json("submissions")) == 1
    assert len(wait_mails(smtp, 1)) == 1


def test_without_script_there_is_no_token_and_the_page_says_what_to_do(stand, service):
    """No service's widget works without JavaScript. The page has no form; what was typed is in the browser's page before it, which the page says."""
    gateway, web = stand()
    answer = visitor.post_page(web)
    assert answer.status == 200 and AGAIN in answer.text and "「戻る」ボタン" in answer.text
    assert not any(value in answer.text for value in (visitor.SAMPLE["your-message"].splitlines()[1], visitor.SAMPLE["your-email"]))
    assert gateway.sekisho_json("submissions") == [] and service.questions == []


def test_doubt_holds_and_why_tells_the_reason(stand, service, smtp):
    gateway, web = stand(captcha={"service": "recaptcha-v3", "hostnames": "www.example.jp"})
    person = good(score=0.9, action="contactform")
    service.behaviours = {"robot": {**person, "score": 0.1}, "stolen": {**person, "hostname": "evil.example"}, "login": {**person, "action": "login"},
                          "person": person}
    for token, code, reason in ("robot", "score", "0.10"), ("stolen", "hostname", "evil.example"), ("login", "action", "login"):
        answer = visitor.post_feedback(web, _wpcf7_recaptcha_response=token, your_subject=f"見積もり {token}")
        assert HELD in answer.json()["message"], answer.text
        line = last(gateway)
        assert (line["kept"], line["check"], line["code"]) == ("held", "captcha", code)
        why = gateway.sekisho("why", line["receipt"])
        assert reason in " ".join(why.split()) and status_of(gateway, line["receipt"]) == "held", why
    assert_sent(visitor.post_feedback(web, _wpcf7_recaptcha_response="person", your_subject="見積もり person"))
    wait_for(lambda: notices(smtp, "person") and notes(smtp), "notice and note")
    assert not any(notices(smtp, token) for token in ("robot", "stolen", "login"))


# --- Many who wait ------------------------------------------------------------------------------------------------------------

def waiting(service):
    return len(service.questions) - service.answers


def test_another_form_is_answered_at_once_while_hundreds_wait(stand, service):
    gateway, web = stand()
    service.behaviours = {f"t{number}": f"slow:{SLOW_S}" for number in range(WAITING)}

    def timed(number):
        begin = time.monotonic()
        assert_sent(visitor.post_feedback(web, **PLAIN, your_subject=f"見積もり {number}"))
        return time.monotonic() - begin

    with concurrent.futures.ThreadPoolExecutor(WAITING) as pool:
        posts = [pool.submit(post, web, token) for token in service.behaviours]
        wait_for(lambda: waiting(service) == WAITING, lambda: f"{WAITING} questions; {waiting(service)} wait")
        seconds = [timed(number) for number in range(40)]
        still = waiting(service)
        for answer in posts:
            assert_sent(answer.result())
    print(f"another form while {still} to {WAITING} wait: median {statistics.median(seconds) * 1000:.0f} ms, p95 {sorted(seconds)[37] * 1000:.0f} ms")
    assert still > 0 and sorted(seconds)[37] < 0.5
    # None was held because the service took its time.
    assert len(submissions(gateway)) == WAITING + len(seconds) and not [line for line in submissions(gateway) if "kept" in line]


def test_reload_while_jobs_wait_loses_none(stand, service, smtp, announce):
    announce.add("alarm_told")
    gateway, web = stand()
    words = [f"t{number:02}" for number in range(30)]
    service.behaviours = {word: f"slow:{SLOW_S}" for word in words}
    with concurrent.futures.ThreadPoolExecutor(len(words)) as pool:
        posts = [pool.submit(post, web, word) for word in words]
        wait_for(lambda: waiting(service) == len(words), "all questions")
        before = len(gateway.lines())
        ini = gateway.form_file("form.ini")
        ini.write_text(ini.read_text(encoding="utf-8") + "\n[captcha]\naction = contact\n", encoding="utf-8")
        gateway.reload()
        gateway.wait_event("started", after=before, role="front")
        # The new settings are at work already, while the old ones are still needed for those that wait.
        wait_for(lambda: HELD in post(web, f"new{len(submissions(gateway))}").json()["message"], "the new settings")
        still = waiting(service)
        assert all(is_sent(answer.result()) and HELD not in answer.result().json()["message"] for answer in posts)
    assert still > 0
    wait_for(lambda: set(words) <= set(subject_words(smtp)), "all notices", 60)
    assert sorted(word for word in subject_words(smtp) if word in words) == words
