"""A double click: the same submission many times at once has one answer, one mail, and is charged once."""

import base64
import concurrent.futures
import contextlib
import hashlib
import json
import sqlite3
import time

import pytest
import visitor
from captcha_server import CaptchaServer, good, refusal
from gateway import Gateway
from scene import assert_sent, wait_mails
from stage import IS_ROOT, WEB_USER, wait_for
from web import Nginx

CLICKS = 30
OFF = {name: "off" for name in ("network", "network_wide", "fingerprint", "sender", "form", "site")}


@pytest.fixture
def stand(stage, smtp, watch):
    """Gateway and nginx: `stand(check={...}, limit={...}, captcha={...})`. What is not named is as shipped, but no DNS is asked."""
    def start(main=None, **groups):
        groups["check"] = {"sender": "off", **groups.get("check", {})}
        gateway = watch(stage.add(Gateway(stage, smtp, gate=groups, gateway=main or {}))).start()
        return gateway, stage.add(Nginx(stage, gateway.socket)).start()
    return start


@pytest.fixture
def service(stage):
    """A captcha's service that takes a second for each answer, with the settings of a form that asks it."""
    certificate, key = stage.make_certificate("captcha", None, "IP:127.0.0.1")
    service = stage.add(CaptchaServer(certificate, key)).start()
    service.behaviours["token"] = "slow:1"
    # The front's alone.
    secret = stage.write("gateway/captcha.secret", "the-secret\n", mode=0o640 if IS_ROOT else 0o600)
    stage.give(secret, group=WEB_USER)
    service.settings = {"service": "turnstile", "site_key": "key", "secret_file": secret, "endpoint": service.url, "ca_file": stage.authority,
                        "hostnames": "none"}
    return service


def click(web, count=CLICKS, **changes):
    """Answers to the same submission, sent `count` times at once."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: visitor.post_feedback(web, **changes), range(count)))


def submissions(gateway):
    return [line.pairs for line in gateway.lines() if line.event == "submission"]


def assert_one(gateway, answers):
    """All were told the same, and all but one are repetitions of that one."""
    for answer in answers:
        assert_sent(answer)
    assert len({answer.json()["message"] for answer in answers}) == 1
    lines = submissions(gateway)
    assert len({line["receipt"] for line in lines}) == 1 and len(lines) == len(answers)
    assert [line.get("code") for line in lines].count("repetition") == len(answers) - 1, lines


def test_shipped_limits(stand, smtp):
    gateway, web = stand()
    assert_one(gateway, click(web))
    assert_sent(visitor.post_feedback(web, your_subject="別の用件です"))
    assert len(wait_mails(smtp, 2)) == 2


def test_one_charge(stand):
    _, web = stand(limit={**OFF, "ip": "2/1h burst 2"})
    for answer in click(web):
        assert_sent(answer)
    # Room for one more, and then for none.
    assert_sent(visitor.post_feedback(web, your_subject="二"))
    assert visitor.post_feedback(web, your_subject="三").json()["status"] == "aborted"


def test_captcha_is_asked_once(stand, smtp, service):
    gateway, web = stand(captcha=service.settings)
    assert_one(gateway, click(web, cf_turnstile_response="token"))
    assert len(service.questions) == 1
    wait_mails(smtp, 1)


def test_token_that_is_not_good_is_asked_about_and_charged_once(stand, service):
    service.default = refusal("timeout-or-duplicate")
    gateway, web = stand(captcha=service.settings, limit={**OFF, "ip": "2/1h burst 2"})
    answers = click(web, 8, cf_turnstile_response="token")
    assert {answer.json()["status"] for answer in answers} == {"aborted"} and len({answer.json()["message"] for answer in answers}) == 1
    assert len(service.questions) == 1 and not [line for line in submissions(gateway) if "receipt" in line]
    service.default = good()
    assert_sent(visitor.post_feedback(web, cf_turnstile_response="another"))


def solved(web):
    """A proof of work, as the first version of the widget sends it."""
    given = visitor.request(web.url("/sekisho/altcha?form=4&v=1")).json()
    number = next(number for number in range(given["maxnumber"] + 1)
                  if hashlib.sha256(f"{given['salt']}{number}".encode()).hexdigest() == given["challenge"])
    proof = {**{name: given[name] for name in ("algorithm", "challenge", "salt", "signature")}, "number": number}
    return base64.b64encode(json.dumps(proof).encode()).decode()


def test_proof_of_work(stand, smtp):
    gateway, web = stand(captcha={"service": "altcha", "altcha_cost": "1"})
    assert_one(gateway, click(web, altcha=solved(web)))
    wait_mails(smtp, 1)


def test_proof_is_good_once_while_limits_only_watch(stand):
    gateway, web = stand(captcha={"service": "altcha", "altcha_cost": "1"}, check={"rate": "dry-run"}, limit={**OFF, "ip": "1/1h"})
    first, second = solved(web), solved(web)
    assert_sent(visitor.post_feedback(web, altcha=first, your_subject="一"))
    # Beyond the limit, which stops nobody.
    assert_sent(visitor.post_feedback(web, altcha=second, your_subject="二"))
    assert visitor.post_feedback(web, altcha=second, your_subject="三").json()["status"] == "aborted"
    assert submissions(gateway)[-1]["code"] == "used"


def test_slip_in_an_address_is_asked_about_in_all_answers(stand):
    # Nobody answers there: silence is no reason to turn anybody away.
    gateway, web = stand(main={"dns_servers": "127.0.0.1:9"}, check={"sender": "on"})
    with contextlib.closing(sqlite3.connect(gateway.folder / "data" / "counters.db", isolation_level=None)) as other:
        # All are in flight before the first one is decided.
        other.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            clicks = pool.submit(click, web, 4, your_email="hanako@gmial.com")
            time.sleep(0.6)
            other.execute("ROLLBACK")
            assert {answer.json()["status"] for answer in clicks.result()} == {"validation_failed"}
    assert_sent(visitor.post_feedback(web, your_email="hanako@gmial.com"))


def test_refused_ones_do_not_wait(stand):
    gateway, web = stand()
    body, content_type = visitor.multipart(visitor.fields())
    # A browser whose name has one letter is a robot to Contact Form 7.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type, {"User-Agent": "x"}), range(8)))
    assert {answer.json()["status"] for answer in answers} == {"spam"}
    assert len({line["receipt"] for line in submissions(gateway)}) == 8


@pytest.mark.parametrize("mode", ["off", "dry-run"])
def test_nobody_waits_where_repetitions_pass(stand, service, mode):
    """Each is decided by itself, so only the first one's token is new."""
    _, web = stand(check={"duplicates": mode}, captcha=service.settings)
    answers = click(web, 4, cf_turnstile_response="token")
    assert sorted(answer.json()["status"] for answer in answers) == ["aborted"] * 3 + ["mail_sent"]


@pytest.mark.parametrize("way", ["stop", "reload"])
def test_waiting_ones_are_answered_when_their_process_ends(stand, service, way):
    gateway, web = stand(captcha=service.settings)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(visitor.post_feedback, web, cf_turnstile_response="token") for _ in range(4)]
        wait_for(lambda: service.questions, "the question")
        getattr(gateway, way)()
        assert_one(gateway, [each.result() for each in waiting])
