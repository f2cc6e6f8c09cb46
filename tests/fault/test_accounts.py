"""What an account may ask for beyond STARTTLS and a password: TLS from the first byte, tokens, pins, authorities, IPv6, addresses beyond ASCII.

The rule of test_smtp.py holds here, too: whatever is wrong with the account is the account's failure, and nothing leaves.
"""

import base64
import hashlib
import os
import socket
import subprocess
import time

import pytest

from mischief import WAITS, WORDS, Mischief, MischiefServer, outcomes_of
from smtp_script import GOOD_TOKEN, Server
from trial import ONE, TWO, nothing_was_sent, play, tls

SENT_OUTCOMES = {"sent": ["sent"], "permanent": ["relay.permanent"], "temporary": ["relay.temporary"]}


def verbs(server):
    return [command.split(" ")[0] for command in server.commands]


def account_failure(server, result, name):
    """The sentence and the server's words; nothing left."""
    assert nothing_was_sent(server, result) and server.content_bytes == 0
    assert [account[0] for account in result.accounts] == [name], result.accounts
    return result.accounts[0][1:]


@pytest.mark.transports("curl")
class TestImplicit:
    """Port 465 (RFC 8314 3.3)."""

    @pytest.fixture
    def script(self, script):
        script.is_implicit = True
        return script

    def test_letters_go_over_one_session(self, script, send):
        server, result = play(script, send, security="tls", letters=3, recipients=(ONE, TWO))
        assert result.names() == {100 * letter + place: "sent" for letter in range(3) for place in range(2)}
        assert server.connections == 1 and len(server.messages) == 3 and "STARTTLS" not in verbs(server)
        assert server.server_names == ["localhost"] and server.tls_versions == ["TLSv1.3"]

    def test_a_server_that_speaks_in_clear(self, script, send):
        script.is_implicit, script.tls = False, None
        with Server(script) as server:
            result = send(server.port, security="tls", connect_ms=4000)
        sentence, _words = account_failure(server, result, "relay.tls")
        assert sentence and not {"AUTH", "MAIL"} & set(verbs(server))

    def test_a_server_that_waits_for_starttls(self, script, send):
        """It greets only whom it has understood; neither side says a word."""
        script.is_implicit, script.mute_at = False, "greeting"
        with Server(script) as server:
            result = send(server.port, security="tls", connect_ms=2000)
        account_failure(server, result, "relay.connect")

    @pytest.mark.parametrize("fault", ["name", "authority", "expired"])
    def test_certificates_are_verified(self, script, send, authority, stranger, fault):
        script.tls = tls({"name": lambda: authority.issue("other", "DNS:other.example.jp"), "authority": lambda: stranger.issue("unknown", "DNS:localhost"),
                          "expired": lambda: authority.issue("expired", "DNS:localhost", not_after="20240101000000Z")}[fault]())
        server, result = play(script, send, security="tls")
        account_failure(server, result, "relay.tls")
        assert server.commands == []

    def test_a_wrong_password(self, script, send):
        server, result = play(script, send, security="tls", password="wrong horse")
        assert account_failure(server, result, "relay.auth")[1] == "5.7.8 the password is wrong"


class TestImplicitByTheOther:
    @pytest.mark.transports("esmtp")
    def test_nothing_is_tried(self, script, send):
        script.is_implicit = True
        server, result = play(script, send, security="tls")
        assert "transport = curl" in account_failure(server, result, "relay.connect")[0]
        assert server.connections == 0


@pytest.mark.transports("curl")
class TestTokens:
    """XOAUTH2."""

    @pytest.fixture
    def script(self, script):
        script.auth = ("PLAIN", "LOGIN", "XOAUTH2")
        return script

    @pytest.mark.parametrize("is_implicit", [False, True], ids=["starttls", "tls"])
    def test_a_good_token(self, script, send, is_implicit):
        script.is_implicit = is_implicit
        server, result = play(script, send, login="xoauth2", letters=2, security="tls" if is_implicit else "starttls")
        assert result.names() == {0: "sent", 100: "sent"} and verbs(server).count("AUTH") == 1

    @pytest.mark.parametrize("is_challenged", [True, False], ids=["challenge", "at once"])
    def test_a_token_that_is_refused(self, script, send, is_challenged):
        if not is_challenged:
            script.token_challenge = ""
        server, result = play(script, send, login="xoauth2", password="stale-token")
        _sentence, words = account_failure(server, result, "relay.auth")
        assert is_challenged or words == "5.7.8 the token is not accepted"
        # Refused once is refused: nothing else is tried, and the token goes nowhere else.
        assert verbs(server).count("AUTH") == 1 and len(server.challenge_answers) <= 1
        assert all(base64.b64encode(b"stale-token").decode() not in answer for answer in server.challenge_answers)

    @pytest.mark.parametrize("reply", ["535 5.7.3 Authentication unsuccessful", "454 4.7.0 Temporary authentication failure", "334 !!not base64!!"])
    def test_replies_to_a_token(self, script, send, reply):
        script.auth_reply = reply
        server, result = play(script, send, login="xoauth2")
        account_failure(server, result, "relay.auth")

    @pytest.mark.parametrize("mechanisms", [("PLAIN", "LOGIN"), ("OAUTHBEARER",), ()], ids=["passwords", "other tokens", "nothing"])
    def test_a_token_is_no_password(self, script, send, mechanisms):
        script.auth, script.auth_demanded = mechanisms, False
        server, result = play(script, send, login="xoauth2")
        account_failure(server, result, "relay.auth")
        assert "AUTH" not in verbs(server)

    def test_a_password_is_no_token(self, script, send):
        script.auth, script.auth_demanded = ("XOAUTH2",), False
        server, result = play(script, send)
        account_failure(server, result, "relay.auth")
        assert "AUTH" not in verbs(server)

    def test_mail_is_refused_although_the_token_was_taken(self, script, send):
        script.mail = ("530 5.7.57 Client not authenticated to send mail",)
        server, result = play(script, send, login="xoauth2")
        account_failure(server, result, "relay.auth")


@pytest.mark.transports("curl")
class TestTokenCommands:
    """Programs that print the token. None of what they print is repeated, and no server is asked without a token."""

    @pytest.fixture
    def ask(self, script, send, tmp_path):
        script.auth = ("XOAUTH2",)

        def run(text, mode=0o700, **options):
            program = tmp_path / "token command"
            program.write_bytes(text if isinstance(text, bytes) else text.encode())
            program.chmod(mode)
            return play(script, send, login="xoauth2", token_command=program, **{"password": "", **options})
        return run

    @pytest.mark.parametrize("body", [f"echo {GOOD_TOKEN}", f"printf ' {GOOD_TOKEN} \\r\\n'", f"printf {GOOD_TOKEN}", f"echo {GOOD_TOKEN}; echo more",
                                      f"echo noise >&2; echo {GOOD_TOKEN}"], ids=["line", "blanks", "no line end", "two lines", "noise"])
    def test_the_first_line_is_the_token(self, ask, body):
        _server, result = ask(f"#!/bin/sh\n{body}\n")
        assert result.names() == {0: "sent"}, result.accounts

    @pytest.mark.parametrize("body, word", [
        ("exit 3", "3"), (f"echo {GOOD_TOKEN}; exit 1", "1"), ("kill -SEGV $$", ""), ("true", ""), ("echo", ""),
        ("echo secret word", ""), ("printf 'rub\\001bish'", ""), ("printf 'r\\303\\274bbish'", ""), ("printf 'rub\\000bish'", ""),
        ("head -c 200000 /dev/zero | tr '\\0' r", "")],
        ids=["exit", "token and exit", "signal", "nothing", "empty line", "two words", "control", "utf-8", "nul", "flood"])
    def test_what_is_no_token(self, ask, body, word):
        server, result = ask(f"#!/bin/sh\n{body}\n")
        sentence, _words = account_failure(server, result, "relay.auth")
        assert "token_command" in sentence and word in sentence and server.connections == 0
        assert "rub" not in sentence and "secret" not in sentence and GOOD_TOKEN not in sentence

    def test_a_program_that_cannot_run(self, ask):
        server, result = ask("#!/bin/sh\necho x\n", mode=0o600)
        assert "token_command" in account_failure(server, result, "relay.auth")[0] and server.connections == 0
        server, result = ask(b"\x7fELF rubbish")
        assert "token_command" in account_failure(server, result, "relay.auth")[0] and server.connections == 0

    def test_a_program_that_is_not_there(self, script, send, tmp_path):
        server, result = play(script, send, login="xoauth2", token_command=tmp_path / "missing", password="")
        assert "token_command" in account_failure(server, result, "relay.auth")[0] and server.connections == 0

    def test_a_program_that_hangs_goes_with_all_that_it_started(self, ask, tmp_path):
        """A child of its holds the pipe, too."""
        pids = tmp_path / "pids"
        began = time.monotonic()
        server, result = ask(f"#!/bin/sh\nsleep 300 & echo $! >>{pids}\necho $$ >>{pids}\nwait\n", connect_ms=40000)
        sentence, _words = account_failure(server, result, "relay.auth")
        assert "token_command" in sentence and server.connections == 0 and time.monotonic() - began < 30
        for pid in pids.read_text().split():
            assert not os.path.exists(f"/proc/{pid}") or "(zombie)" in open(f"/proc/{pid}/status", encoding="ascii").read(), "it still runs"

    def test_the_gateways_secrets_are_not_in_its_environment(self, ask, tmp_path):
        os.environ["SEKISHO_TEST_SECRET"] = "in the environment"
        try:
            ask(f"#!/bin/sh\nenv >{tmp_path}/environment\nls -l /proc/$$/fd >{tmp_path}/descriptors\necho {GOOD_TOKEN}\n")
        finally:
            del os.environ["SEKISHO_TEST_SECRET"]
        assert "SEKISHO" not in (tmp_path / "environment").read_text()
        assert "socket:" not in (tmp_path / "descriptors").read_text()


def pin(certificate):
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], check=True, capture_output=True, input=key).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


OTHER_PIN = "sha256//" + base64.b64encode(bytes(32)).decode()


class TestPins:
    """Beside chain and name, never instead of them."""

    def test_the_key_of_the_server(self, script, send, certificate):
        _server, result = play(script, send, pins=pin(certificate[0]))
        assert result.names() == {0: "sent"}, result.accounts

    def test_one_of_several(self, script, send, certificate):
        _server, result = play(script, send, pins=f"{OTHER_PIN};{pin(certificate[0])}")
        assert result.names() == {0: "sent"}, result.accounts

    def refused(self, script, send, pins, **options):
        server, result = play(script, send, pins=pins, **options)
        sentence, _words = account_failure(server, result, "relay.tls")
        assert not {"AUTH", "MAIL"} & set(verbs(server))
        return sentence

    def test_another_key(self, script, send):
        assert "pin" in self.refused(script, send, OTHER_PIN)

    def test_the_authoritys_key_is_not_the_servers(self, script, send, authority):
        assert "pin" in self.refused(script, send, pin(authority.certificate))

    def test_a_pinned_key_under_another_name(self, script, send, authority):
        files = authority.issue("other", "DNS:other.example.jp")
        script.tls = tls(files)
        assert "mismatch" in self.refused(script, send, pin(files[0])).lower()

    def test_a_pinned_key_of_an_unknown_authority(self, script, send, stranger):
        files = stranger.issue("unknown", "DNS:localhost")
        script.tls = tls(files)
        assert "certificate" in self.refused(script, send, pin(files[0]))

    @pytest.mark.transports("curl")
    def test_behind_tls_from_the_first_byte(self, script, send, certificate):
        script.is_implicit = True
        assert "pin" in self.refused(script, send, OTHER_PIN, security="tls")
        _server, result = play(script, send, pins=pin(certificate[0]), security="tls")
        assert result.names() == {0: "sent"}


class TestAuthorities:
    def test_one_of_a_bundle(self, script, send, authority, stranger, tmp_path):
        bundle = tmp_path / "bundle.pem"
        bundle.write_text(stranger.certificate.read_text() + authority.certificate.read_text())
        _server, result = play(script, send, ca_file=bundle)
        assert result.names() == {0: "sent"}

    def test_another_private_one(self, script, send, stranger):
        server, result = play(script, send, ca_file=stranger.certificate)
        account_failure(server, result, "relay.tls")

    def test_the_systems_do_not_know_a_private_one(self, script, send):
        server, result = play(script, send, ca_file="")
        account_failure(server, result, "relay.tls")

    def test_a_private_one_replaces_the_systems(self, script, send, authority, stranger, tmp_path, monkeypatch):
        """What the system trusts counts for nothing where the account names its own."""
        monkeypatch.setenv("SSL_CERT_FILE", str(stranger.certificate))
        script.tls = tls(stranger.issue("unknown", "DNS:localhost"))
        server, result = play(script, send)
        account_failure(server, result, "relay.tls")

    @pytest.mark.parametrize("content", ["", "rubbish\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"], ids=["empty", "rubbish", "broken"])
    def test_a_file_without_certificates(self, script, send, tmp_path, content):
        path = tmp_path / "ca.pem"
        path.write_text(content)
        server, result = play(script, send, ca_file=path)
        assert "ca_file" in account_failure(server, result, "relay.tls")[0]


@pytest.mark.transports("curl")
class TestIpv6:
    def test_an_address_in_ipv6(self, script, send, authority):
        script.tls = tls(authority.issue("six", "IP:::1"))
        with Server(script, socket.AF_INET6, "::1") as server:
            result = send(server.port, host="::1")
        assert result.names() == {0: "sent"} and server.problems == []

    def test_a_certificate_for_another_address(self, script, send, authority):
        script.tls = tls(authority.issue("six-two", "IP:::2"))
        with Server(script, socket.AF_INET6, "::1") as server:
            result = send(server.port, host="::1")
        account_failure(server, result, "relay.tls")


class TestEnvironment:
    """What stands in the environment of the session's process is not configuration."""

    def test_no_proxy_is_asked(self, script, send, monkeypatch):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            for name in ("all_proxy", "ALL_PROXY", "smtp_proxy", "SMTP_PROXY", "http_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
            _server, result = play(script, send)
        assert result.names() == {0: "sent"}, result.accounts

    def test_no_login_is_taken_from_the_home_directory(self, script, send, monkeypatch, tmp_path):
        (tmp_path / ".netrc").write_text("machine localhost login form@example.jp password correct\\ horse\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        server, result = play(script, send, user="")
        assert account_failure(server, result, "relay.auth") and "AUTH" not in verbs(server)


USER = "用户@xn--wgv71a.jp"


def envelopes(server):
    """Sender's command and recipients of each mail, as they were written."""
    return [command.encode("latin-1").decode() for command in server.commands if command.startswith(("MAIL", "RCPT"))]


class TestInternational:
    """SMTPUTF8 (RFC 6531)."""

    @pytest.mark.transports("curl")
    def test_a_server_that_takes_utf8(self, script, send):
        script.capabilities = (*script.capabilities, "SMTPUTF8")
        server, result = play(script, send, recipients=(ONE, USER))
        assert result.names() == {0: "sent", 1: "sent"} and server.connections == 1
        plain, international = envelopes(server)[:2], envelopes(server)[2:]
        assert plain == ["MAIL FROM:<bounce@example.jp>" + plain[0][len("MAIL FROM:<bounce@example.jp>"):], f"RCPT TO:<{ONE}>"] and "SMTPUTF8" not in plain[0]
        assert international[0].split(" ")[2:].count("SMTPUTF8") == 1 and international[1] == f"RCPT TO:<{USER}>"
        assert all(byte < 128 for byte in server.messages[0][2])

    def test_a_server_that_does_not_and_nobody_else(self, script, send):
        server, result = play(script, send, recipients=(USER,))
        assert result.names() == {0: "relay.smtputf8"} and result.accounts == [] and server.messages == []
        assert not {"MAIL", "RCPT"} & set(verbs(server))

    @pytest.mark.transports("curl")
    def test_a_server_that_does_not_and_never_answers_to_quit(self, script, send):
        """The last mail that it gets is not the last one of the session."""
        script.mute_at = "QUIT"
        began = time.monotonic()
        server, result = play(script, send, recipients=(ONE, USER))
        assert result.names() == {0: "sent", 1: "relay.smtputf8"} and server.commands[-1] == "QUIT" and time.monotonic() - began < 20

    def test_a_server_that_does_not(self, script, send):
        """The others get their mail; the name goes nowhere in another spelling."""
        server, result = play(script, send, letters=2, recipients=(USER, ONE))
        assert result.outcomes[1][0] == result.outcomes[101][0] == "sent"
        assert result.names()[0] == result.names()[100] == "relay.smtputf8"
        assert result.accounts == [] and result.open == set()
        assert not any(command.startswith("RCPT") and "xn--wgv71a" in command for command in server.commands)
        assert all(byte < 128 for _sender, _recipients, content in server.messages for byte in content)


@pytest.mark.transports("curl")
class TestTable:
    """The table of mischief.py over 465 by single sessions; test_matrix.py sees the same through the whole gateway."""

    def test_each_failure_at_each_stage(self, certificate, send):
        found = []
        for cell, outcome in outcomes_of("465").items():
            if cell[1] in WAITS or cell[0] == "connect" and cell[1] == "refuse":
                continue
            server = MischiefServer(certificate, lambda cell=cell: Mischief(*cell), way="465").start()
            try:
                result = send(server.port, host=server.HOST, security="tls")
            finally:
                server.stop()
            accounts = [account[0] for account in result.accounts]
            expected = ([f"relay.{outcome}"], []) if outcome in ("connect", "tls", "auth") else ([], SENT_OUTCOMES.get(outcome, []))
            if (accounts, list(result.names().values())) != expected:
                found.append(f"{cell}: {accounts}, {result.outcomes}, {result.trouble}")
        assert not found, "\n".join(found)
