"""What the owner's report counts (store/tally.h), of visitors who meet everything that a gate can do."""

import contextlib
import sqlite3

import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, wait_mails
from web import Nginx

OFF = {name: "off" for name in ("ip", "network", "network_wide", "fingerprint", "sender", "form", "site")}
VERDICT, REASON, LIST = 1, 2, 3


@pytest.fixture
def stand(stage, smtp, watch):
    def start(**groups):
        groups["check"] = {"sender": "off", "trap": "off"}
        gateway = watch(stage.add(Gateway(stage, smtp, gate=groups))).start()
        return gateway, stage.add(Nginx(stage, gateway.socket)).start()
    return start


def post(web, headers=None, **changes):
    body, content_type = visitor.multipart(visitor.fields(**changes))
    answer = visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type, {"Referer": web.url(), **(headers or {})})
    assert answer.status == 200, answer.text
    return answer


def rows(gateway, query):
    path = gateway.folder / "data" / "counters.db"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as counters:
        return counters.execute(query).fetchall()


def counted(gateway, topic):
    return dict(rows(gateway, f"SELECT item, sum(count) FROM tally WHERE topic = {topic} AND site = 'example.test' GROUP BY item"))


def test_everything_is_counted_once(stand, smtp):
    gateway, web = stand(limit={**OFF, "ip": "3/10min burst 3"})
    gateway.sekisho("list", "add", "hold", "phrase", "在庫処分", "--reason", "a wave")
    gateway.stop()
    gateway.start()
    assert_sent(post(web, your_subject="一"))
    assert_sent(post(web, your_subject="一"))
    assert post(web, your_name="").json()["status"] == "validation_failed"
    assert post(web, {"User-Agent": "x"}, your_subject="二").json()["status"] == "spam"
    assert_sent(post(web, your_subject="三", your_message="在庫処分のご案内"))
    assert_sent(post(web, your_subject="四"))
    for word in ("五", "六"):
        assert post(web, your_subject=word).json()["status"] == "aborted"
    wait_mails(smtp, 3)
    gateway.stop()
    assert counted(gateway, VERDICT) == {"accepted": 2, "repeated": 1, "rejected": 1, "held": 1, "wait": 2}
    assert counted(gateway, REASON) == {"contract.wpcf7": 1, "lists.list_hold": 1, "rate.rate_ip": 2}
    assert counted(gateway, LIST) == {"1": 1}
    # Who was limited is one row, and nobody reads in it who that is.
    (site, tier, count, boxed), = rows(gateway, "SELECT site, tier, count, boxed FROM limited")
    assert (site, tier, count) == ("example.test", 0, 2) and len(boxed) > 50
    for name in ("counters.db", "counters.db-wal"):
        path = gateway.folder / "data" / name
        assert not path.exists() or b"127.0.0.1" not in path.read_bytes()


def test_a_fresh_captcha_is_counted(stand):
    gateway, web = stand(captcha={"service": "altcha", "altcha_cost": "1"})
    assert post(web).json()["status"] == "aborted"
    gateway.stop()
    assert counted(gateway, VERDICT) == {"again": 1}
    assert counted(gateway, REASON) == {"captcha.missing": 1}


def test_an_accepted_one_has_no_reasons(stand):
    gateway, web = stand()
    assert_sent(post(web, your_message="http://192.0.2.1/ を見てください。よろしくお願いします。"))
    gateway.stop()
    line, = [line for line in gateway.lines() if line.event == "submission"]
    assert int(line.pairs["points"]) > 0
    assert counted(gateway, VERDICT) == {"accepted": 1} and counted(gateway, REASON) == {}
