"""The resolver against a real server: what is there, what is not, and what nobody says."""

import time

import pytest
from conftest import ask, examine
from dns_server import OddServer
from stage import free_port


def one(server, kind, name):
    answer, = ask(server, kind, name)
    return answer


def test_the_outcomes_stay_apart(server):
    found, no_name, no_record, servfail, lame, refused, not_a_name = ask(
        server, "TXT", "long.test", "nothing.test", "host.example.co.jp", "x.servfail.invalid", "x.lame.test", "example.org", "a..b")
    assert found.outcome == "found" and found.records == ["0 " + "a" * 255 + "b" * 255 + "c" * 90]
    assert (no_name.outcome, no_name.reason) == ("no_name", "")
    assert (no_record.outcome, no_record.reason) == ("no_record", "")
    assert (servfail.outcome, servfail.reason) == ("unknown", "servfail")
    assert (lame.outcome, lame.reason) == ("unknown", "lame")
    assert (refused.outcome, refused.reason) == ("unknown", "refused")
    assert not_a_name.outcome == "no_name"


def test_types(server):
    assert one(server, "A", "relay.provider.test").records == ["0 192.0.2.25"]
    assert one(server, "AAAA", "relay.provider.test.").records == ["0 2001:db8::25"]
    assert one(server, "MX", "order.test").records == ["5 z.order.test", "20 a.order.test", "20 b.order.test"]
    assert one(server, "MX", "mx-null.test").records == ["0 "]
    assert one(server, "CNAME", "here.alias.test").records == ["0 there.alias.test"]
    assert one(server, "TXT", "odd.test").records == ["0 a\x01b", "\\xff"]


def test_aliases(server):
    for kind, record in ("TXT", "0 found"), ("A", "0 192.0.2.77"):
        answer = one(server, kind, "here.alias.test")
        assert (answer.outcome, answer.name, answer.records) == ("found", "target.alias.test", [record])
    assert one(server, "TXT", "dangling.alias.test").outcome == "no_name"
    assert one(server, "TXT", "bare.alias.test").outcome == "no_record"
    assert one(server, "A", "away.alias.test").records == ["0 192.0.2.99"], "an alias into another zone"
    assert one(server, "A", "far.alias.test").outcome == "unknown", "an alias to where this server does not answer"
    assert one(server, "TXT", "step4.chain.test").records == ["0 the end"]
    for name in "one.loop.test", "step3.chain.test":
        answer = one(server, "TXT", name)
        assert (answer.outcome, answer.reason) == ("unknown", "alias_loop"), name


def test_long_answers_come_by_tcp(server):
    answer = one(server, "TXT", "many.test")
    assert len(answer.records) == 60 and answer.records[59] == "0 record 59 " + "x" * 80
    crowd = one(server, "A", "crowd.test")
    assert (crowd.outcome, crowd.reason) == ("unknown", "malformed"), "more records than anybody needs"


def test_a_truncated_answer_is_never_taken():
    """A server that says "truncated" and has no TCP: what came is not the answer."""
    server = OddServer(lambda question: question[:2] + b"\x87\x00" + question[4:])
    answer = one(server.address, "TXT", "x.test")
    assert answer.outcome == "unknown", answer.reason
    server.stop()


def test_silence_is_no_answer():
    server = OddServer(lambda question: None)
    began = time.monotonic()
    answers = ask(server.address, "A", *(f"host{number}.test" for number in range(20)))
    assert all((answer.outcome, answer.reason) == ("unknown", "timeout") for answer in answers)
    assert time.monotonic() - began < 8, "all are waited for at once"
    assert server.asked >= 40, "each was tried again"
    began = time.monotonic()
    findings = examine(server.address, "info@example.test", deadline_ms=3000)
    assert time.monotonic() - began < 5, "the deadline covers everything"
    assert all(finding.verdict == "unknown" for finding in findings.values())
    server.stop()


@pytest.mark.parametrize("reply", [
    lambda question: question[:2] + b"\x85\x80\x00\x01\xff\xff\x00\x00\x00\x00" + question[12:],
    lambda question: question[:2] + b"\x85\x80" + question[4:6] + b"\x00\x01\x00\x00\x00\x00" + question[12:-11] + b"\xc0\xff",
    lambda question: bytes([question[0] ^ 1]) + question[1:2] + b"\x85\x83" + question[4:],
    lambda question: question[:7],
], ids=["too-many", "pointer", "another-id", "short"])
def test_damaged_answers_are_no_answer(reply):
    server = OddServer(reply)
    assert one(server.address, "A", "host.test").outcome == "unknown"
    server.stop()


@pytest.mark.parametrize("rcode", [1, 2, 4, 5, 9, 15])
def test_a_server_that_will_not_say_is_no_answer(rcode):
    server = OddServer(lambda question: question[:2] + bytes([0x85, 0x80 | rcode]) + question[4:])
    answer = one(server.address, "A", "host.test")
    assert answer.outcome == "unknown" and answer.reason != "timeout", answer.reason
    server.stop()


def test_a_closed_port_is_no_answer():
    assert one(f"127.0.0.1:{free_port()}", "A", "host.test").outcome == "unknown"


def test_a_second_server_is_asked(server):
    assert one(f"127.0.0.1:{free_port()},{server}", "A", "relay.provider.test").records == ["0 192.0.2.25"]
    assert one(f"127.0.0.1:{free_port()},{server}", "A", "nothing.test").outcome == "no_name"
