"""Faults of libesmtp that are no reply of a server, each against the armour that holds it off. README.md names them all."""

import concurrent.futures
import email
import email.policy
import socket
import threading

import pytest

from mischief import Mischief, MischiefServer
from smtp_script import Closed, Dialogue, Server
from trial import ONE, TWO, nothing_was_sent, play, tls

VICTIM = "victim@example.jp"


class TestTls13:
    def test_thirty_sessions_with_a_server_that_sends_tickets_early(self, script, send):
        """With TLS 1.3 the tickets that follow the handshake make the library wait for the answer to an EHLO that it has not sent."""
        script.tls.num_tickets = 4
        results = []
        with Server(script) as server:
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                results = list(pool.map(lambda _: send(server.port, connect_ms=8000), range(30)))
        assert server.problems == []
        assert [result.names() for result in results] == 30 * [{0: "sent"}]
        assert len(server.messages) == 30


class TestSecondSession:
    def test_two_sessions_in_one_process(self, script, send):
        """The library frees its own SSL_CTX with the first session and uses it in the second."""
        server, result = play(script, send, in_process=3, letters=2)
        assert [*result.earlier[1:], result.outcomes] == 3 * [{0: ("sent", 250, "2.0.0 queued as 4711"), 100: ("sent", 250, "2.0.0 queued as 4711")}]
        assert server.connections == 3 and len(server.messages) == 6


class Stalling(Dialogue):
    """Reads nothing for a while in the middle of a mail's content."""

    def content(self):
        pieces = [self.buffer]
        while sum(map(len, pieces)) < 100_000:
            pieces.append(self.connection.recv(65536))
        threading.Event().wait(self.server.stall_s)
        while not b"".join(pieces[-2:]).endswith(b"\r\n.\r\n"):
            pieces.append(self.connection.recv(65536))
            if not pieces[-1]:
                raise Closed
        self.buffer = b""
        return b"".join(pieces)


class StallingServer(Server):
    def __init__(self, script, stall_s):
        super().__init__(script)
        self.stall_s = stall_s
        # So that the client's buffers are full soon.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def dialogue(self, connection):
        return Stalling(self, connection)


class TestStall:
    BODY_BYTES = 12_000_000
    # The library's own timeout for what it writes is three minutes; it waits a hundredth of that, and the server five seconds.
    HASTE, STALL_S = 100, 5

    def content(self, script, send, stall_s, **options):
        with StallingServer(script, stall_s) as server:
            result = send(server.port, body_bytes=self.BODY_BYTES, **options)
        assert server.problems == []
        return result, [content for _sender, _recipients, content in server.messages]

    def test_a_server_that_stops_reading_gets_every_byte(self, script, send):
        _result, (whole,) = self.content(script, send, 0)
        result, contents = self.content(script, send, self.STALL_S, haste=self.HASTE)
        assert result.names() == {0: "sent"} and contents == [whole]

    def test_killed_while_it_stalls_nothing_is_taken(self, script, send):
        result, contents = self.content(script, send, 8, life_ms=4000)
        assert contents == [] and result.outcomes == {} and result.open == {0} and "killed" in result.trouble


class TestNames:
    HOSTS = "127.0.0.1 canonical.example mail.configured.example\n"

    def play(self, script, send, authority, names):
        script.tls = tls(authority.issue(names.replace(":", "-").replace(",", "-"), names))
        return play(script, send, host="mail.configured.example", hosts=self.HOSTS)

    def test_the_configured_name_counts_behind_a_cname(self, script, send, authority):
        server, result = self.play(script, send, authority, "DNS:mail.configured.example")
        assert result.names() == {0: "sent"} and server.server_names == ["mail.configured.example"]

    def test_the_name_that_dns_says_does_not_count(self, script, send, authority):
        """Who spoofs a CNAME has a certificate for its target."""
        server, result = self.play(script, send, authority, "DNS:canonical.example")
        assert nothing_was_sent(server, result) and [account[0] for account in result.accounts] == ["relay.tls"]
        assert "hostname mismatch" in result.accounts[0][1].lower()


class TestAddresses:
    HOSTILE = [f"a@example.jp>\r\nRCPT TO:<{VICTIM}", f"a@example.jp>\nRCPT TO:<{VICTIM}", f"a@example.jp>\rRCPT TO:<{VICTIM}",
               "a@example.jp> NOTIFY=NEVER", f"a@example.jp,{VICTIM}", "x" * 1100 + "@example.jp", "a b@example.jp", ""]

    @pytest.mark.parametrize("in_process", [0, 1], ids=["session", "transport"])
    @pytest.mark.parametrize("address", HOSTILE, ids=range(len(HOSTILE)))
    def test_no_address_becomes_a_command(self, script, send, address, in_process):
        server, result = play(script, send, recipients=(address, TWO), in_process=in_process)
        assert server.messages == [] and not any("victim" in command or "NOTIFY" in command for command in server.commands)
        assert set(result.names().values()) <= {"relay.message"}

    @pytest.mark.parametrize("host", ["127.0.0.1\r\nx", "localhost:25\n", "-h", "a b", ""])
    def test_no_host_name_that_is_none(self, send, host):
        result = send(25, host=host)
        assert [account[0] for account in result.accounts] == ["relay.connect"] and "is no name of a server" in result.accounts[0][1]


class TestBytes:
    def test_no_bare_line_feed_and_no_naked_dot(self, script, send):
        """The trial's text has lines of dots and ends its lines with LF alone."""
        server, _result = play(script, send, letters=2, body_bytes=5000)
        for _sender, _recipients, content in server.messages:
            assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r") and content.endswith(b"\r\n")
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert message.get_content().replace("\r\n", "\n").startswith("一行目\n.\n..二つの点\nFrom here\n" + 5000 * "x")
            headers = [name.lower() for name in message.keys()]
            assert len(set(headers)) == len(headers), "a header twice"
            assert {"date", "from", "message-id", "mime-version", "auto-submitted"} <= set(headers) and "bcc" not in headers


class TestMechanisms:
    def test_a_mechanism_that_does_not_load_is_passed_over(self, script, send):
        script.auth = ("CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2", "PLAIN")
        _server, result = play(script, send)
        assert result.names() == {0: "sent"}

    def test_a_mechanism_that_does_not_load_is_no_login(self, script, send):
        script.auth, script.auth_demanded = ("CRAM-MD5",), False
        server, result = play(script, send)
        assert nothing_was_sent(server, result) and server.content_bytes == 0 and result.accounts[0][0] == "relay.auth"


class TestDeadline:
    def test_a_host_that_does_not_answer(self, certificate, send):
        """The kernel would try for two minutes."""
        server = MischiefServer(certificate, door="hang")
        try:
            result = send(server.port, host=server.HOST, connect_ms=2000)
        finally:
            server.stop()
        assert [account[0] for account in result.accounts] == ["relay.connect"] and "too long" in result.accounts[0][1] and result.open == {0}


class TestPipeline:
    """What a pipeline meets, should there be one: replies to all of it at once, or an end in its middle."""

    @pytest.mark.parametrize("recipients", [(ONE,), (ONE, TWO), tuple(f"r{number}@example.jp" for number in range(20))], ids=len)
    @pytest.mark.parametrize("phase", ["MAIL", "RCPT"])
    def test_a_disconnect_after_mail_and_its_recipients(self, script, send, phase, recipients):
        script.close_at = phase
        server, result = play(script, send, recipients=recipients)
        assert server.messages == [] and result.outcomes == {} and result.open == set(range(len(recipients)))
        assert result.trouble is None, "the session crashed"


class Hasty(Dialogue):
    """Refuses the first mail before all of it is there, and speaks again behind its end. Does not know the first recipient of the second one."""

    def content(self):
        if self.message_number == 0:
            self.connection.recv(1000)
            self.say("552 5.3.4 too large")
        return super().content()

    def rcpt(self, command):
        if self.message_number == 1 and ONE in command:
            self.say("550 5.1.1 unknown")
        else:
            super().rcpt(command)


class HastyServer(Server):
    def dialogue(self, connection):
        return Hasty(self, connection)


@pytest.mark.transports("curl")
class TestHaste:
    def test_a_reply_too_many_is_nobody_elses(self, script, send):
        """Else each reply is taken for the answer to the command behind its own, and the second recipient is unknown instead of the first. libesmtp offers no way
        to leave between two mails."""
        with HastyServer(script) as server:
            result = send(server.port, letters=2, recipients=(ONE, TWO), body_bytes=2_000_000)
        assert server.problems == []
        assert result.names() == {0: "relay.permanent", 1: "relay.permanent", 100: "relay.permanent", 101: "sent"}, result.outcomes


class TestLeaving:
    @pytest.mark.parametrize("kind", ["before", "after", "5xx"])
    def test_a_server_that_leaves_in_a_large_mail(self, certificate, send, kind):
        server = MischiefServer(certificate, lambda: Mischief("BODY", kind)).start()
        try:
            result = send(server.port, host=server.HOST, body_bytes=8_000_000)
        finally:
            server.stop()
        assert server.messages == [] and result.trouble is None, result.trouble
        assert result.open == {0} or result.names() == {0: "relay.permanent"}

    def test_a_server_that_leaves_behind_each_mail(self, certificate, send):
        """libcurl comes back for the next mail by itself."""
        server = MischiefServer(certificate, lambda: Mischief("DOT", "after")).start()
        try:
            result = send(server.port, host=server.HOST, letters=3)
        finally:
            server.stop()
        taken = [mail.identity for mail in server.taken]
        assert len(taken) == len(set(taken)), "a mail went twice"
        assert result.names() == {100 * number: "sent" for number in range(len(taken))} and result.accounts == [] and taken
        assert set(result.names()) | result.open == {0, 100, 200}
