"""The captcha's thread against a service that answers, refuses, and misbehaves in every way of a server in trouble."""

import socket
import time

import pytest
from captcha_server import CaptchaServer, good, refusal
from conftest import DEADLINE_MS, Answer
from stage import free_port, wait_for

SERVICES = ("recaptcha-v3", "recaptcha-v2", "turnstile", "hcaptcha")
# The test machine is slow; the deadline is not.
SLACK_MS = 1400
MOST_CONNECTIONS = 256


def ask_all(tokens):
    return [f"ask {token}" for token in tokens]


@pytest.mark.parametrize("service", SERVICES)
def test_every_code(service, server, examine):
    """What each service may say, over the wire; what each of its words means stands in the unit test."""
    server.behaviours = {
        "fine": good(score=0.9), "secret": refusal("invalid-input-secret"), "request": refusal("bad-request"), "refused": refusal("invalid-input-response"),
        "expired": refusal("timeout-or-duplicate"), "used": refusal("already-seen-response"), "service": refusal("internal-error"),
        "site_key": refusal("sitekey-secret-mismatch"), "unknown": refusal("sunspots"), "quota": "status:429"}
    answers = examine(service, server, *ask_all(server.behaviours), "wait")
    assert {token: answer.short for token, answer in answers.items()} == {
        "fine": ("good", "good"), "secret": ("misconfigured", "secret"), "request": ("misconfigured", "request"), "refused": ("again", "refused"),
        "expired": ("again", "expired"), "used": ("again", "used"), "service": ("unreachable", "service"), "site_key": ("doubtful", "site_key"),
        "unknown": ("doubtful", "unknown"), "quota": ("misconfigured", "quota")}
    for question in server.questions:
        assert question["path"] == "/siteverify" and question["type"] == "application/x-www-form-urlencoded"
        assert question["secret"] == "the secret" and "remoteip" not in question
        assert question.get("sitekey") == ("the-site-key" if service == "hcaptcha" else None)
        assert ("idempotency_key" in question) == (service == "turnstile")
    assert len(server.questions) == len(server.behaviours)


def test_trouble(server, examine):
    """All at once, so that the slow ones cost their time only once. No answer comes after the deadline, and trouble with one question is none of another's."""
    server.behaviours = {"status": "status:500", "redirect": "redirect", "garbage": "garbage", "huge": "huge", "hang": "hang", "drip": "drip",
                         "close": "close", "cut": "cut", "slow": "slow:1", "too-slow": "slow:6"}
    answers = examine("recaptcha-v2", server, *ask_all(server.behaviours), "ask fine", "wait")
    assert {token: answer.short for token, answer in answers.items()} == {
        "status": ("unreachable", "http"), "redirect": ("unreachable", "http"), "garbage": ("unreachable", "answer"), "huge": ("unreachable", "answer"),
        "hang": ("unreachable", "timeout"), "drip": ("unreachable", "timeout"), "close": ("unreachable", "connection"),
        "cut": ("unreachable", "connection"), "slow": ("good", "good"), "too-slow": ("unreachable", "timeout"), "fine": ("good", "good")}
    for token, answer in answers.items():
        most = DEADLINE_MS + SLACK_MS if answer.code == "timeout" else 3000
        assert answer.milliseconds <= most, f"{token}: {answer.milliseconds} ms"
    # After it was sent, a token may be used: nothing was asked twice.
    assert len(server.questions) == len(answers)


def test_what_cannot_be_a_token_is_not_asked(server, examine):
    answers = examine("recaptcha-v2", server, "ask a b", "ask あ", "ask " + "a" * 8193, "ask fine", "wait")
    assert sorted(answer.short for answer in answers.values()) == [("again", "malformed")] * 3 + [("good", "good")]
    assert [question["response"] for question in server.questions] == ["fine"]


def test_a_lost_connection_is_asked_again_where_the_service_knows_repetitions(server, examine):
    server.behaviours = {"close": "close"}
    assert examine("turnstile", server, "ask close", "wait")["close"].short == ("unreachable", "connection")
    first, second = server.questions
    assert first == second and len(first["idempotency_key"]) == 36


def test_nobody_there(examine):
    answers = examine("recaptcha-v2", f"https://127.0.0.1:{free_port()}/siteverify", "ask refused", "wait")
    assert answers["refused"].short == ("unreachable", "connection") and answers["refused"].milliseconds < 2000


def test_a_name_that_is_none(examine):
    assert examine("recaptcha-v2", "https://nothing.invalid/siteverify", "ask x", "wait")["x"].short == ("unreachable", "connection")


def test_a_peer_that_says_nothing(examine):
    """It connects, and TLS never begins: two tries, within the deadline."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        answer = examine("recaptcha-v2", f"https://127.0.0.1:{silent.getsockname()[1]}/", "ask x", "wait")["x"]
        silent.settimeout(0)
        tries = 0
        for _ in range(5):
            try:
                silent.accept()
                tries += 1
            except BlockingIOError:
                break
    assert answer.short == ("unreachable", "timeout") and tries == 2
    assert 3500 <= answer.milliseconds <= DEADLINE_MS + SLACK_MS


def test_wrong_certificates(authority, examine):
    """Another host's; and one of an authority that is not trusted: the system's do not know ours."""
    server = CaptchaServer(*authority.make_certificate("other", None, "IP:127.0.0.2")).start()
    try:
        answer = examine("recaptcha-v2", server, "ask x", "wait")["x"]
        assert answer.short == ("unreachable", "certificate")
    finally:
        server.stop()
    assert server.questions == []


def test_an_unknown_authority(server, examine):
    answer = examine("recaptcha-v2", server, "ask x", "wait", ca_file="/etc/ssl/certs/ca-certificates.crt")["x"]
    assert answer.short == ("unreachable", "certificate") and server.questions == []


def test_settings_that_cannot_work(server, examine, authority):
    assert examine("recaptcha-v2", server.url.replace("https", "http"), "ask x", "wait")["x"].short == ("misconfigured", "endpoint")
    missing = authority.directory / "missing.pem"
    assert examine("recaptcha-v2", server, "ask x", "wait", ca_file=missing)["x"].short == ("misconfigured", "ca_file")
    assert server.questions == []


def test_connections_are_used_again(server, examine):
    commands = [command for number in range(30) for command in (f"ask t{number}", "wait")]
    answers = examine("recaptcha-v2", server, *commands)
    assert {answer.short for answer in answers.values()} == {("good", "good")}
    assert len(server.questions) == 30 and server.connections == 1


def test_questions_share_a_connection_over_http2(server, http2, examine):
    """Thirty at once, each of which waits: not even the first ones open a connection of their own."""
    server.behaviours = {f"t{number}": "slow:1" for number in range(30)}
    answers = examine("recaptcha-v2", http2, *ask_all(server.behaviours), "wait")
    assert {answer.short for answer in answers.values()} == {("good", "good")} and server.peak == 30
    assert max(answer.milliseconds for answer in answers.values()) < 3000
    requests = http2.stop()
    assert len(requests) == 30 and {protocol for _, protocol in requests} == {"HTTP/2.0"}
    assert len({connection for connection, _ in requests}) == 1


def test_hundreds_wait(server, examine):
    """400 questions to a slow service, all on their way at once; none waits for another, and asking costs the caller nothing."""
    server.default = good()
    server.behaviours = {f"t{number}": "slow:1" for number in range(400)}
    begin = time.monotonic()
    answers = examine("recaptcha-v2", server, *ask_all(server.behaviours), "wait")
    assert len(answers) == 400 and max(answer.milliseconds for answer in answers.values()) <= DEADLINE_MS + SLACK_MS
    assert {answer.short for answer in answers.values()} == {("good", "good")}
    # Questions that waited at once: over HTTP/1.1 each takes a connection.
    assert len(server.questions) == 400 and 100 < server.peak <= MOST_CONNECTIONS
    assert time.monotonic() - begin < 15


def test_hundreds_wait_in_vain(server, examine):
    server.default = "hang"
    answers = examine("recaptcha-v2", server, *ask_all(f"t{number}" for number in range(400)), "wait")
    assert {answer.short for answer in answers.values()} == {("unreachable", "timeout")}
    assert max(answer.milliseconds for answer in answers.values()) <= DEADLINE_MS + SLACK_MS


def test_more_than_may_wait(server, examine):
    server.default = "hang"
    answers = examine("recaptcha-v2", server, *ask_all(f"t{number}" for number in range(600)), "stop")
    outcomes = [answer.outcome for answer in answers.values()]
    assert outcomes.count("full") == 600 - 512
    assert all(answer.milliseconds < 100 for answer in answers.values() if answer.outcome == "full")


def test_stop_while_waiting(server, examine):
    server.default = "hang"
    answers = examine("recaptcha-v2", server, *ask_all(f"t{number}" for number in range(50)), "sleep 500", "stop")
    assert {answer.short for answer in answers.values()} == {("unreachable", "stopped")}
    assert max(answer.milliseconds for answer in answers.values()) < 3000


def test_the_circuit(server, open_examiner):
    """Five failures in a row, and the service is left alone; after a while one question tries, and when it succeeds, all go through again."""
    process = open_examiner("recaptcha-v2", server)
    numbers = iter(range(1000))

    def answers(count):
        tokens = [f"t{next(numbers)}" for _ in range(count)]
        process.stdin.write("".join(f"ask {token}\n" for token in tokens) + "wait\n")
        process.stdin.flush()
        return sorted(Answer(process.stdout.readline().rstrip("\n")).short for _ in tokens)

    server.default = "status:503"
    for _ in range(4):
        assert answers(1) == [("unreachable", "http")]
    server.default = good()
    assert answers(1) == [("good", "good")], "four failures are no reason"
    server.default = "status:403"
    for _ in range(7):
        assert answers(1) == [("unreachable", "http")], "a visitor's token may have brought that about"
    server.default = "status:503"
    for _ in range(5):
        assert answers(1) == [("unreachable", "http")]
    asked = len(server.questions)
    assert answers(10) == [("unreachable", "circuit")] * 10 and len(server.questions) == asked
    wait_for(lambda: answers(1) == [("unreachable", "http")], "a question that tries", 15)
    assert answers(5) == [("unreachable", "circuit")] * 5, "the try failed"
    # One alone tries; the others are not kept waiting for it.
    time.sleep(10.2)
    server.default = good()
    server.behaviours = {f"t{number}": "slow:1" for number in range(1000)}
    assert answers(5) == [("good", "good")] + [("unreachable", "circuit")] * 4
    server.behaviours = {}
    assert answers(10) == [("good", "good")] * 10
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0 and not errors


def test_the_service_comes_back(server, open_examiner):
    """A kept connection that the service has closed meanwhile is no failure."""
    process = open_examiner("recaptcha-v2", server)

    def ask(token):
        process.stdin.write(f"ask {token}\nwait\n")
        process.stdin.flush()
        return Answer(process.stdout.readline().rstrip("\n")).short

    assert ask("before") == ("good", "good")
    server.stop()
    assert ask("meanwhile") == ("unreachable", "connection")
    server.start()
    assert ask("after") == ("good", "good")
