"""The owner's report: its numbers are those of what visitors did, it goes once, a server that is down costs neither report nor number, and one that does not come is told."""

import datetime
import fcntl
import os
import pathlib
import pwd
import re
import socket
import subprocess
import time

import pytest
import visitor
from gateway import QUIET_GATE, Gateway
from scene import assert_sent
from stage import IS_ROOT, MAIL_USER, free_port, own_user, wait_for

SITE, OWNER = "example.test", "owner@example.test"
DAY = 24 * 3600
TRY_AGAIN = 75
# The front looks at the lists each second.
LISTS_SECONDS = 3


@pytest.fixture
def told(stage):
    """What alarm_command was told: a line TOPIC SITE each, and its text."""
    path = stage.write("told", "", mode=0o666)
    stage.write("alarm", f'#!/bin/sh\n{{ echo "$1 $2"; cat; }} >> {path}\n', mode=0o755)
    return path


@pytest.fixture
def gateway(stage, smtp, watch, clock, told, monkeypatch):
    # The command's clock is the gateway's.
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    gateway = watch(stage.add(Gateway(stage, smtp, gate={**QUIET_GATE, "report": {"send": "daily", "address": OWNER}})))
    gateway.write_configuration(alarm_command=stage.directory / "alarm")
    return gateway.start()


def report_mails(smtp):
    return [mail for mail in smtp.mails() if mail["Message-ID"].startswith("<report.")]


def verdicts(gateway):
    """Of today."""
    report = gateway.sekisho_json("report", "--site", SITE, "--since", "today")
    return {name: count["now"] for name, count in report["verdicts"].items() if count["now"]}


def parts(mail):
    return [part.get_content_type() for part in mail.message.walk() if not part.is_multipart()]


def test_numbers_and_once(gateway, web, smtp, clock):
    gateway.sekisho("list", "add", "hold", "phrase", "在庫処分")
    time.sleep(LISTS_SECONDS)
    for word in ("一", "二", "三"):
        assert_sent(visitor.post_feedback(web, your_subject=f"見積もり {word}"))
    visitor.post_feedback(web, your_subject="在庫処分")
    receipt = gateway.wait_event("submission", kept="held").pairs["receipt"]
    wait_for(lambda: verdicts(gateway) == {"accepted": 3, "held": 1}, lambda: f"the tallies; there are {verdicts(gateway)}", 30)
    wait_for(lambda: len(smtp.mails()) == 4, "three notices and the note about what is held", 30)

    clock.move(DAY)
    report = gateway.sekisho_json("report", "--site", SITE, "--since", "yesterday")
    assert report["verdicts"]["accepted"] == {"now": 3, "before": None}
    assert (report["notices_sent"]["now"], report["waiting_for_you"], report["suspicious_all"]) == (3, 1, 1)
    assert [(one["receipt"], one["findings"][0]["check"]) for one in report["suspicious"]] == [(receipt, "lists")]
    assert [(one["reason"], one["count"]["now"]) for one in report["reasons"]][0][1] == 1
    assert [(entry["id"], entry["count"]) for entry in report["lists_hit"]] == [(1, 1)]
    assert sum(span["accepted"] for span in report["spans"]) == 3

    assert gateway.sekisho("report", "--mail") == f"{SITE}: report No. 1 sent to {OWNER}\n"
    mail, = report_mails(smtp)
    assert mail["To"] == OWNER and "1" in mail["Subject"] and mail["Auto-Submitted"] == "auto-generated"
    assert parts(mail)[:2] == ["text/plain", "text/html"] and parts(mail).count("image/png") >= 1
    html = mail.message.get_body(("html",)).get_content()
    assert "/sekisho/review?t=" in mail.text and "/sekisho/review?t=" in html
    for part in mail.message.walk():
        if part.get_content_type() == "image/png":
            assert f'src="cid:{part["Content-ID"].strip("<>")}"' in html and part.get_content().startswith(b"\x89PNG")

    assert gateway.sekisho("report", "--mail") == "no report is due\n"
    assert gateway.sekisho_json("report", "--mail") == []
    assert len(report_mails(smtp)) == 1
    # Shown, it has no number and no link.
    for arguments in (("--format", "html"), ()):
        shown = gateway.sekisho("report", "--site", SITE, "--since", "yesterday", *arguments)
        assert receipt in shown and "/sekisho/review" not in shown


def test_server_down(gateway, smtp, clock, told, announce):
    announce.add("alarm_told")
    smtp.stop()
    clock.move(DAY)
    failed = gateway.sekisho_json_status(TRY_AGAIN, "report", "--mail")
    assert [(one["site"], one["number"], one["is_sent"]) for one in failed] == [(SITE, 1, False)]
    assert failed[0]["failure"] and told.read_text() == ""

    # The next run finds that one is missing.
    smtp.start()
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail")
    assert len(report_mails(smtp)) == 1
    assert gateway.sekisho("report", "--mail") == "no report is due\n"
    gateway.stop()
    gateway.start()
    wait_for(lambda: f"report {SITE}\n" in told.read_text(), "the alarm", 30)

    # Another day, another number.
    clock.move(2 * DAY)
    assert "report No. 2 sent" in gateway.sekisho("report", "--mail")
    numbers = [mail["Message-ID"].split(".")[1] for mail in report_mails(smtp)]
    assert numbers == ["1", "2"]


def test_asked_for_in_between(gateway, smtp, clock):
    """What somebody has mailed by hand in the morning does not stand for the report of the day before."""
    clock.move(DAY)
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail", "--site", SITE, "--since", "24h")
    first, = gateway.sekisho_json("report", "--mail")
    assert (first["number"], first["is_sent"]) == (2, True)
    assert "report No. 3 sent" in gateway.sekisho("report", "--mail", "--site", SITE, "--since", "24h")
    assert gateway.sekisho("report", "--mail") == "no report is due\n"
    assert len(report_mails(smtp)) == 3


def test_asked_for_of_old(gateway, smtp, clock):
    """A report of a day long ago does not make those missing that went since."""
    long_ago = datetime.date.today().isoformat()
    clock.move(4 * DAY)
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail")
    assert "report No. 2 sent" in gateway.sekisho("report", "--mail", "--site", SITE, "--since", long_ago)
    clock.move(5 * DAY)
    assert "report No. 3 sent" in gateway.sekisho("report", "--mail")
    last = next(one for one in report_mails(smtp) if one["Message-ID"].startswith("<report.3."))
    assert "お送りできませんでした" not in last.text
    assert gateway.sekisho_json("report", "--site", SITE, "--since", "today")["alarms"] == []


def users_of_children(process):
    """Numbers of the users as which its children run."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(re.search(r"^Uid:\s+(\d+)", pathlib.Path(f"/proc/{child}/status").read_text(), re.MULTILINE)[1]) for child in children}


def test_killed_within(gateway, smtp, clock):
    """Who speaks with a mail server is the courier's user, not root. A run that is killed while a server keeps it waiting leaves no lock and takes no number."""
    clock.move(DAY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        gateway.set_account("main", smtp, port=port)
        with subprocess.Popen([gateway.programs / "sekisho", "--config", gateway.configuration, "report", "--mail"]) as run:
            session, _ = silent.accept()
            assert users_of_children(run) == {pwd.getpwnam(MAIL_USER if IS_ROOT else own_user()).pw_uid}
            run.kill()
        session.close()
    gateway.set_account("main", smtp)
    assert f"{SITE}: report No. 1 sent to {OWNER}\n" in gateway.sekisho("report", "--mail")
    assert len(report_mails(smtp)) == 1


def test_nobody_runs_it(gateway, smtp, clock, told, announce):
    announce.add("alarm_told")
    clock.move(DAY)
    gateway.sekisho("report", "--mail")
    # The next one would be due a day later; two days later it is missing.
    gateway.stop()
    clock.move(4 * DAY)
    gateway.start()
    wait_for(lambda: f"report {SITE}\n" in told.read_text(), "the courier's alarm", 30)
    mail, = report_mails(smtp)
    days = gateway.sekisho_json("report", "--mail")
    assert [(one["number"], one["is_sent"]) for one in days] == [(2, True)]
    first, second = (datetime.datetime.fromisoformat(one) for one in (days[0]["from"], days[0]["to"]))
    assert second - first == datetime.timedelta(days=1)
    last = next(one for one in report_mails(smtp) if one["Message-ID"] != mail["Message-ID"])
    assert "2回分のレポートをお送りできませんでした" in last.text


@pytest.mark.parametrize(("before", "after", "days"), [("daily", "weekly", 7), ("weekly", "daily", 2)])
def test_other_schedule(stage, smtp, watch, clock, monkeypatch, before, after, days):
    """Whoever wants them less or more often from now on has missed none."""
    monkeypatch.setenv("SEKISHO_CLOCK_FILE", clock.environment["SEKISHO_CLOCK_FILE"])
    gateway = watch(stage.add(Gateway(stage, smtp, gate={**QUIET_GATE, "report": {"send": before}}))).start()
    monday = 7 + (7 - datetime.datetime.now(datetime.timezone.utc).weekday()) % 7
    clock.move(monday * DAY)
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail")
    site = gateway.folder / "sites" / SITE / "site.conf"
    text = site.read_text(encoding="utf-8")
    site.write_text(text.replace(f"send = {before}\n", f"send = {after}\n"), encoding="utf-8")
    clock.move((monday + days) * DAY)
    assert "report No. 2 sent" in gateway.sekisho("report", "--mail")
    last = next(one for one in report_mails(smtp) if one["Message-ID"].startswith("<report.2."))
    assert "お送りできませんでした" not in last.text
    assert gateway.sekisho_json("report", "--site", SITE, "--since", "today")["alarms"] == []


def test_second_account(stage, smtp, watch, clock, monkeypatch):
    monkeypatch.setenv("SEKISHO_CLOCK_FILE", clock.environment["SEKISHO_CLOCK_FILE"])
    gateway = stage.add(Gateway(stage, smtp, accounts="dead main", gate={**QUIET_GATE, "report": {"send": "daily", "address": OWNER}}))
    gateway.set_account("dead", smtp, port=free_port())
    watch(gateway).start()
    clock.move(DAY)
    assert gateway.sekisho("report", "--mail") == f"{SITE}: report No. 1 sent to {OWNER}\n"
    assert len(report_mails(smtp)) == 1


def test_two_at_once(gateway, smtp, clock):
    clock.move(DAY)
    folder = os.open(f"{gateway.folder}/data-courier", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    gateway.sekisho("report", "--mail", status=TRY_AGAIN)
    assert not smtp.mails()
    os.close(folder)
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail")


def test_not_wanted(stage, smtp, watch, clock, monkeypatch):
    monkeypatch.setenv("SEKISHO_CLOCK_FILE", clock.environment["SEKISHO_CLOCK_FILE"])
    gateway = watch(stage.add(Gateway(stage, smtp, gate={**QUIET_GATE, "report": {"send": "off"}}))).start()
    clock.move(8 * DAY)
    assert gateway.sekisho("report", "--mail") == "no report is due\n"
    assert not smtp.mails()
    # Asked for by name it goes.
    assert "report No. 1 sent" in gateway.sekisho("report", "--mail", "--site", SITE)
    assert len(report_mails(smtp)) == 1


@pytest.mark.parametrize("arguments", [("--since", "tomorrow"), ("--format", "pdf"), ("--mail", "--format", "html"), ("--since", "3000d"), ("more",)])
def test_wrong_command_lines(gateway, arguments):
    gateway.sekisho("report", *arguments, status=64)


def test_unknown_site(gateway):
    gateway.sekisho("report", "--mail", "--site", "nosuch.test", status=66)
