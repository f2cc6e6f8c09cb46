"""What is held and refused, in the operator's hands: lists that take effect while visitors write, a release that arrives with its own date, a discard that blocks, and rehearsals."""

import datetime
import email.utils
import re
import time

import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, subject_words
from stage import wait_for
from web import Nginx

SITE = "example.test"
HOURS = 3
OFF = {name: "off" for name in ("ip", "network", "network_wide", "fingerprint", "sender", "form", "site")}


@pytest.fixture
def gateway(stage, smtp, watch, clock):
    gateway = watch(stage.add(Gateway(stage, smtp, gate={"check": {"sender": "off"}, "limit": OFF})))
    clock.move(-HOURS * 3600)
    return gateway.start(environment=clock.environment)


@pytest.fixture
def web(stage, gateway):
    return stage.add(Nginx(stage, gateway.socket)).start()


def post(web, **changes):
    body, content_type = visitor.multipart(visitor.fields(**changes))
    return visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type, {"Referer": web.url()})


def submissions(gateway):
    return [line.pairs for line in gateway.lines() if line.event == "submission"]


def post_until(web, gateway, kept, word, **changes):
    """Posts until the gate answers so, which it does within seconds of a change. The log line of that submission, and the word its subject ends with."""
    for count in range(20):
        before = len(submissions(gateway))
        post(web, your_subject=f"見積もり {word}{count}", **changes)
        wait_for(lambda: len(submissions(gateway)) > before, "the log's line")
        line = submissions(gateway)[-1]
        if line.get("kept") == kept:
            return line, f"{word}{count}"
        time.sleep(0.5)
    raise AssertionError(f"not {kept}, but {line}")


def notices(smtp, word):
    return [mail for mail in smtp.mails() if str(mail["Subject"]).endswith(f" {word}")]


def test_release_arrives_with_its_own_date(gateway, web, smtp, clock):
    added = gateway.sekisho("list", "add", "hold", "phrase", "在庫処分", "--reason", "a wave")
    assert added.startswith("entry 1: hold phrase 在庫処分 for all sites"), added
    line, word = post_until(web, gateway, "held", "held", your_message="在庫処分のご案内です。ご覧ください。")
    receipt = line["receipt"]
    held = gateway.sekisho_json("held")
    assert [(entry["receipt"], entry["status"]) for entry in held] == [(receipt, "held")]
    assert held[0]["gate"]["findings"][0]["check"] == "lists"
    assert receipt in gateway.sekisho("held") and "在庫処分" in gateway.sekisho("held", "show", receipt)
    why = gateway.sekisho("why", receipt)
    assert re.search(r"Without what lists found \(\w+\) it would have been let through\.", why), why
    assert not notices(smtp, word)
    clock.move(0)
    released = gateway.sekisho("held", "release", receipt, "--allow")
    assert f"{receipt} is released" in released and "visitor.example is allowed from now on" in released, released
    wait_for(lambda: notices(smtp, word), "the released notice", 60)
    written = email.utils.parsedate_to_datetime(str(notices(smtp, word)[0]["Date"]))
    age = datetime.datetime.now(datetime.timezone.utc) - written
    assert datetime.timedelta(hours=HOURS - 1) < age < datetime.timedelta(hours=HOURS + 1), written
    assert gateway.sekisho("held").startswith("nothing is held\n")
    gateway.sekisho("held", "release", receipt, status=65)
    # The address was allowed: the same words pass.
    post_until(web, gateway, None, "again", your_message="在庫処分のご案内です。")
    wait_for(lambda: all(entry["hits"] >= 1 for entry in gateway.sekisho_json("list")), lambda: gateway.sekisho("list"), 20)


def test_discard_blocks_the_next_one(gateway, web, smtp):
    gateway.sekisho("list", "add", "hold", "phrase", "格安", "--site", SITE)
    line, word = post_until(web, gateway, "held", "first", your_message="格安のご案内です。")
    assert "is blocked from now on" in gateway.sekisho("held", "discard", line["receipt"], "--block")
    line, _ = post_until(web, gateway, "rejected", "second", your_message="お見積もりをお願いします。")
    assert line["status"] == "spam" and line["check"] == "lists"
    assert "lists:" in gateway.sekisho("held", "--rejected")
    report = {(entry["check"], entry["held"], entry["rejected"] >= 1, entry["discarded"]) for entry in gateway.sekisho_json("held", "report")}
    assert report == {("lists", 0, True, 1)}, report
    # By its number the entry goes, and the visitor may write again.
    entry = next(entry for entry in gateway.sekisho_json("list") if entry["type"] == "address")
    gateway.sekisho("list", "remove", entry["id"], "--yes")
    post_until(web, gateway, None, "third", your_message="お見積もりをお願いします。")
    assert not notices(smtp, word)


def test_rehearsal_changes_nothing(gateway, web, stage, smtp):
    assert_sent(post(web, your_subject="見積もり one", your_message="補助金のご案内です。"))
    assert_sent(post(web, your_subject="見積もり two", your_message="営業時間を教えてください。"))
    rehearsal = gateway.sekisho_json("list", "add", "block", "phrase", "補助金", "--rehearse")
    assert rehearsal["examined"] == 2
    assert [entry["receipt"] for entry in rehearsal["would_stop"]] == [submissions(gateway)[0]["receipt"]]
    assert gateway.sekisho("list") == "the lists are empty\n"
    gateway.sekisho("list", "add", "block", "phrase", "補助金")
    tried = gateway.sekisho_json("rehearse")
    assert len(tried["would_stop"]) == 1 and tried["would_pass"] == []
    shown = gateway.sekisho("try", "--site", SITE, "--form", "4", "--field", "your-message=補助金の件")
    assert "Verdict: refused" in shown, shown
    wait_for(lambda: {"one", "two"} <= set(subject_words(smtp)), "two mails", 60)
