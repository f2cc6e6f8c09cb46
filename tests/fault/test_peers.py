"""What reaches the gateway's socket without a web server's manners, and whoever else wants the socket."""

import contextlib
import socket
import struct
import subprocess
import time

import fastcgi
import pytest
from district import District
from killing import processes
from mischief import MischiefServer
from scene import assert_sent, wait_mails
from stage import wait_for

HUGE = struct.pack(">II", 0x7FFFFFFE | 1 << 31, 0x7FFFFFFE | 1 << 31)
# libfcgi takes the sizes of a param as they are and ends the process where memory for them cannot be had.
LENGTHS = {"both-huge": HUGE, "name-huge": struct.pack(">I", 0xFFFFFFFF) + b"\0", "value-huge": b"\0" + struct.pack(">I", 0xFFFFFFFF)}


@pytest.mark.parametrize("sizes", LENGTHS.values(), ids=LENGTHS)
def test_sizes_that_no_memory_holds(smtp, gateway, announce, sizes):
    announce.add("role_ended")
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback(your_subject="見積もり before")))
    front, = processes(gateway.process.popen.pid, "front")
    assert fastcgi.ask(gateway.socket, fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, sizes + b"x" * 100) + fastcgi.stream(fastcgi.STDIN, b"")) is None
    # It may die of that, which is libfcgi's doing; then there is another one, and who waits meanwhile is served by it.
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback(your_subject="見積もり after")))
    mails = wait_mails(smtp, 2)
    assert {mail["Subject"].rsplit(" ", 1)[-1] for mail in mails} == {"before", "after"}
    wait_for(lambda: not gateway.sekisho_json("queue"), "the empty queue")
    fronts = wait_for(lambda: processes(gateway.process.popen.pid, "front"), "a front")
    ended = [line for line in gateway.lines() if line.event == "role_ended"]
    assert len(ended) == (fronts != [front]), [line.text for line in ended]
    drop_last_words(gateway)


def drop_last_words(gateway):
    """What libfcgi's assert or AddressSanitizer said of the front's end. They are no lines of ours; an event must tell of it."""
    lines = gateway.lines()
    foreign = "".join(line.text for line in lines if not line.is_ours)
    if foreign:
        assert "Assertion `" in foreign or "libfcgi" in foreign, foreign
        assert any(line.event == "role_ended" for line in lines)
    gateway.log_path.write_text("".join(f"{line.text}\n" for line in lines if line.is_ours))


def raw(kind, content, version=1, request=1):
    return struct.pack(">BBHHBx", version, kind, request, len(content), 0) + content


RUBBISH = {
    "nothing": b"",
    "no-fastcgi": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a-version-to-come": raw(fastcgi.BEGIN, struct.pack(">HB5x", 1, 0), version=9),
    "another-role": raw(fastcgi.BEGIN, struct.pack(">HB5x", 3, 0)) + fastcgi.stream(fastcgi.PARAMS, b"") + fastcgi.stream(fastcgi.STDIN, b""),
    "params-before-begin": fastcgi.stream(fastcgi.PARAMS, fastcgi.pair(b"A", b"B")),
    "abort": fastcgi.begin() + raw(2, b""),
    "a-pair-past-its-record": fastcgi.begin() + raw(fastcgi.PARAMS, b"\x20\x20short") + raw(fastcgi.PARAMS, b""),
    "empty-request": fastcgi.request({}),
    "five-thousand-params": fastcgi.request({f"NAME_{number}": "x" for number in range(5000)}),
    "ten-megabytes-of-param": fastcgi.request({"SEKISHO_SITE": "x" * 10_000_000}),
    "nul-and-equals": fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, fastcgi.pair(b"SEKISHO_SITE=example.test\0", b"a\0b") + fastcgi.pair(b"", b"")) +
                      fastcgi.stream(fastcgi.STDIN, b""),
    "another-requests-body": fastcgi.begin() + fastcgi.stream(fastcgi.PARAMS, b"") + raw(fastcgi.STDIN, b"x", request=2),
}


def test_rubbish_harms_nobody(smtp, gateway):
    front = processes(gateway.process.popen.pid, "front")
    for name, data in RUBBISH.items():
        for is_ended in (True, False):
            connection = fastcgi.connect(gateway.socket)
            try:
                connection.sendall(data)
                if is_ended:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            connection.close()
        assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback(your_subject=f"見積もり {name}")))
    assert processes(gateway.process.popen.pid, "front") == front
    assert {mail["Subject"].rsplit(" ", 1)[-1] for mail in wait_mails(smtp, len(RUBBISH))} == set(RUBBISH)


def test_as_many_stalled_peers_as_workers_hold_nobody_for_long(gateway):
    """Each stalls at another place; a worker waits LIMIT_PEER_MS for its peer."""
    whole = fastcgi.feedback()
    stalled = []
    for size in (4, 20, 60, len(whole) - 400):
        connection = fastcgi.connect(gateway.socket)
        connection.sendall(whole[:size])
        stalled.append(connection)
    began = time.monotonic()
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback(your_subject="見積もり 二")))
    assert time.monotonic() - began < 30
    for connection in stalled:
        # Closed with what it sent unread, which a socket tells as an end or as a reset.
        with contextlib.suppress(ConnectionResetError):
            assert fastcgi.receive(connection) is None
    assert len(gateway.sekisho_json("submissions")) == 1


def test_peers_that_go_before_their_answer_lose_no_submission(smtp, gateway):
    """What was committed is delivered, although nobody could be told."""
    for number in range(20):
        connection = fastcgi.connect(gateway.socket)
        connection.sendall(fastcgi.feedback(your_subject=f"見積もり {number}"))
        connection.close()
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback(your_subject="見積もり 最後")))
    stored = wait_for(lambda: (submissions := gateway.sekisho_json("submissions")) and len(submissions) == 21 and submissions, "21 submissions")
    assert all(entry["mails_dead"] == 0 for entry in stored)
    wait_mails(smtp, 21)


def run(gateway):
    return subprocess.run([str(word) for word in gateway.command()], capture_output=True, text=True, timeout=60, check=False)


def test_a_second_instance_is_refused_and_the_first_one_lives(smtp, gateway):
    inode = gateway.socket.stat().st_ino
    done = run(gateway)
    assert done.returncode != 0 and "another sekishod runs" in done.stderr, done.stderr
    # The same socket, but another data directory: it is not stolen either.
    gateway.stage.folder("gateway/other-keys", mode=0o700)
    data, keys = gateway.settings["gateway"]["data_directory"], gateway.settings["gateway"]["key_directory"]
    gateway.write_configuration(data_directory=gateway.folder / "other-data", key_directory=gateway.folder / "other-keys")
    done = run(gateway)
    assert done.returncode != 0 and "another program is listening" in done.stderr, done.stderr
    gateway.write_configuration(data_directory=data, key_directory=keys)
    assert gateway.socket.stat().st_ino == inode
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback()))
    wait_mails(smtp, 1)


def test_a_visitor_writes_no_second_mail(stage, clock, watch):
    """Dots, bare CR and LF and whole SMTP dialogues in every field are text."""
    server = MischiefServer(stage.make_certificate("server", None, f"IP:{MischiefServer.HOST}"))
    district = District(stage, {"one.test": server})
    gateway = watch(district.start(clock))
    smuggled = "hello\n.\nMAIL FROM:<x@example.jp>\r\n.\r\nRCPT TO:<victim@example.jp>\r.\rDATA\n.\r\nQUIT\n\n..\n."
    fields = {"your_message": smuggled, "your_name": "Eve\r\nBcc: victim@example.jp", "your_subject": "Hi\r\nBcc: victim@example.jp\r\n\r\nbody w",
              "your_tel": None}
    assert_sent(fastcgi.ask(gateway.socket, fastcgi.feedback("one.test", **fields)))
    wait_for(lambda: server.taken, "the mail")
    district.wait_empty()
    mail, = server.taken
    assert mail.recipient == "owner@example.test" and "victim" not in str(mail.message.keys()) and mail.message["Bcc"] is None
    assert mail.content.count(b"\n") == mail.content.count(b"\r\n") == mail.content.count(b"\r")
    assert not any("victim" in command for command in server.commands)
    text = mail.message.get_content().replace("\r\n", "\n")
    assert smuggled.replace("\r\n", "\n").replace("\r", "\n") in text
