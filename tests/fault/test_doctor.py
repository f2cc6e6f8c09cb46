"""What `sekisho doctor` says of a mail server, for each way in which one can fail: one finding that names it, and no command that it should not give.

The rule under test: nothing is ever sent, a password goes over an encrypted line only, and what a server says cannot move the terminal.
"""
import json
import os
import pathlib
import socket
import subprocess

import pytest

from smtp_script import GOOD_PASSWORD, GOOD_USER, Script, Server
from trial import tls

CONFIGURATION = """
[gateway]
listen = 127.0.0.1:{closed}
data_directory = {folder}/data
key_directory = {folder}/keys
sites_directory = {folder}/sites
dns_servers = 127.0.0.1:{closed}
[account main]
host = {host}
port = {port}
security = {security}
{login}
ca_file = {authority}
"""
SITE = """
[site]
url = http://127.0.0.1:{closed}
admin_address = owner@example.jp
[mail]
from = form@example.jp
account = main
bounce_address = bounce@example.jp
"""
FORM = "[form]\nid = 4\n[mail]\nrecipient = owner@example.jp\nsubject = x\n"
PASSED = {"smtp.connected", "smtp.certificate_ends", "smtp.pin", "smtp.login", "smtp.sender", "smtp.null_sender", "smtp.sender_unnoted"}


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def doctor(authority, tmp_path):
    """Runs it over a configuration whose mail server listens on `port`: the findings about it by code, and all that was printed."""
    def run(port, *options, host="127.0.0.1", security="starttls", user=GOOD_USER, password=GOOD_PASSWORD, ca_file=None, hello=""):
        (tmp_path / "password").write_text(password + "\n")
        (tmp_path / "password").chmod(0o600)
        forms = tmp_path / "sites" / "example.jp" / "forms" / "contact"
        forms.mkdir(parents=True, exist_ok=True)
        login = (f"user = {user}\npassword_file = {tmp_path}/password\n" if user else "") + (f"hello = {hello}\n" if hello else "")
        (tmp_path / "sekisho.conf").write_text(CONFIGURATION.format(
            closed=closed_port(), folder=tmp_path, host=host, port=port, security=security, login=login, authority=ca_file or authority.certificate))
        (tmp_path / "sites" / "example.jp" / "site.conf").write_text(SITE.format(closed=closed_port()))
        (forms / "form.ini").write_text(FORM)
        (forms / "form.html").write_text("[text your-name]")
        (forms / "mail.txt").write_text("[your-name]")
        program = pathlib.Path(os.environ["SEKISHO_PROGRAMS"]) / "sekisho"
        done = subprocess.run([program, "--config", tmp_path / "sekisho.conf", "doctor", "example.jp", *options], capture_output=True, timeout=100)
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == 1, said
        assert "Sanitizer" not in said and "runtime error" not in said and password not in said, said
        return said
    return run


def findings(said):
    return {finding["code"]: finding for finding in json.loads(said)["findings"] if finding["code"].startswith("smtp.")}


def states(said):
    return [cause["state"] for cause in json.loads(said)["causes"]]


def examine(script, doctor, **options):
    with Server(script) as server:
        said = doctor(server.port, "--json", **options)
    assert server.problems == [] and server.messages == [] and "DATA" not in server.commands
    return server, findings(said), states(said)


def fails(script, doctor, code, **options):
    """The one finding about the account, and what the server had heard until then."""
    server, found, causes = examine(script, doctor, **options)
    assert list(found) == [code], found
    assert found[code]["verdict"] == "wrong" and found[code]["advice"]
    assert not any(command.startswith(("MAIL", "RCPT")) for command in server.commands)
    return found[code]["what"], server, causes


class TestConnection:
    def test_all_is_fine(self, script, doctor):
        server, found, causes = examine(script, doctor)
        assert set(found) == PASSED, found
        assert server.tls_versions == ["TLSv1.3"]
        assert [command for command in server.commands if command.split(" ")[0] in ("MAIL", "RCPT", "RSET", "QUIT")] == [
            "MAIL FROM:<bounce@example.jp>", "RCPT TO:<owner@example.jp>", "RSET", "MAIL FROM:<>", "RCPT TO:<owner@example.jp>", "RSET", "QUIT"]
        assert causes[0] in ("not seen", "possible") and causes[2] == "not seen"

    def test_the_greeting_names_us(self, script, doctor):
        server, _found, _causes = examine(script, doctor, hello="mail.example.jp")
        assert server.commands[0] == "EHLO mail.example.jp"

    def test_the_name_does_not_resolve(self, doctor):
        found = findings(doctor(25, "--json", host="no-such-host.invalid"))
        assert list(found) == ["smtp.no_name"] and "no-such-host.invalid" in found["smtp.no_name"]["what"]

    def test_nobody_answers(self, doctor):
        assert list(findings(doctor(closed_port(), "--json"))) == ["smtp.no_answer"]

    def test_the_server_closes_at_once(self, script, doctor):
        script.close_at = "greeting"
        _server, found, _causes = examine(script, doctor)
        assert list(found) in (["smtp.silence"], ["smtp.refused"])

    def test_the_server_says_nothing(self, script, doctor):
        script.mute_at = "greeting"
        script.greeting_bytes = b"\0"  # never sent
        fails(script, doctor, "smtp.silence")

    def test_the_server_turns_us_away(self, script, doctor):
        script.greeting = "554 5.7.1 your address is on a list"
        assert "554 5.7.1 your address is on a list" in fails(script, doctor, "smtp.refused")[0]

    def test_another_protocol(self, script, doctor):
        script.greeting_bytes = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        fails(script, doctor, "smtp.refused")


class TestTls:
    def test_no_starttls(self, script, doctor):
        script.starttls = ""
        _what, server, causes = fails(script, doctor, "smtp.no_tls")
        assert "AUTH" not in server.commands and causes[5] == "here"

    def test_starttls_refused(self, script, doctor):
        script.starttls = "454 4.7.0 not now"
        assert "454 4.7.0 not now" in fails(script, doctor, "smtp.no_tls")[0]

    @pytest.mark.parametrize("code, alternative, end", [
        ("smtp.wrong_name", "DNS:other.example.jp", None), ("smtp.wrong_time", "IP:127.0.0.1", "20240101000000Z")])
    def test_certificate(self, script, doctor, authority, code, alternative, end):
        script.tls = tls(authority.issue(code, alternative, not_after=end))
        _what, server, _causes = fails(script, doctor, code)
        assert "AUTH" not in server.commands

    def test_an_unknown_authority(self, script, doctor, stranger):
        script.tls = tls(stranger.issue("unknown", "IP:127.0.0.1"))
        _what, server, _causes = fails(script, doctor, "smtp.no_trust")
        assert "AUTH" not in server.commands

    def test_a_ca_file_that_holds_no_certificate(self, script, doctor, tmp_path):
        (tmp_path / "empty.pem").write_text("no certificate\n")
        fails(script, doctor, "smtp.no_authority", ca_file=tmp_path / "empty.pem")

    def test_the_handshake_breaks_off(self, script, doctor):
        script.close_at = "TLS"
        _server, found, _causes = examine(script, doctor)
        assert list(found) in (["smtp.tls_failed"], ["smtp.silence"])

    def test_replies_injected_behind_starttls(self, script, doctor):
        script.inject = b"250-mx\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n"
        _server, found, _causes = examine(script, doctor)
        assert not PASSED & set(found), found


class TestLogin:
    def test_password_refused(self, script, doctor):
        script.auth_reply = "535 5.7.8 not you"
        what, _server, causes = fails(script, doctor, "smtp.login_refused")
        assert "535 5.7.8 not you" in what and causes[2] == "here"

    def test_no_mechanism_that_we_know(self, script, doctor):
        script.auth = ("XOAUTH2",)
        assert fails(script, doctor, "smtp.no_login")[2][2] == "here"

    def test_no_login_offered(self, script, doctor):
        script.auth = ()
        fails(script, doctor, "smtp.no_login")

    def test_in_clear_on_loopback(self, doctor):
        server, found, _causes = examine(Script(auth=(), starttls=""), doctor, security="plain-loopback", user="")
        assert "smtp.sender" in found and "STARTTLS" not in server.commands


class TestSender:
    def test_refused(self, script, doctor):
        script.mail = ("550 5.1.8 no such sender",)
        _server, found, causes = examine(script, doctor)
        assert '"550 5.1.8 no such sender"' in found["smtp.sender_refused"]["what"] and found["smtp.sender_refused"]["verdict"] == "wrong"
        assert causes[0] == "here"

    def test_refused_for_now(self, script, doctor):
        script.mail = ("451 4.3.0 later",)
        _server, found, _causes = examine(script, doctor)
        assert found["smtp.sender_refused"]["verdict"] == "note"

    def test_judged_with_the_recipient(self, script, doctor):
        script.rcpt = {"owner@example.jp": "550 5.1.8 sender address rejected"}
        server, found, causes = examine(script, doctor)
        assert "sender address rejected" in found["smtp.recipient_refused"]["what"] and causes[0] == "here"
        assert server.commands[-2:] == ["RSET", "QUIT"]

    def test_the_null_sender_refused(self, script, doctor):
        script.mail = ("250 ok", "550 5.7.1 no bounces here")
        _server, found, _causes = examine(script, doctor)
        assert found["smtp.sender"]["verdict"] == "fine" and found["smtp.null_sender_refused"]["verdict"] == "note"

    @pytest.mark.parametrize("how", ["close_at", "mute_at"])
    def test_no_answer_to_it(self, script, doctor, how):
        setattr(script, how, "MAIL")
        _server, found, causes = examine(script, doctor)
        assert found["smtp.sender_unanswered"]["verdict"] == "wrong" and causes[0] == "here"

    def test_many_lines_are_one(self, script, doctor):
        script.mail = ("550-5.7.1 first\r\n550-5.7.1 second\r\n550 5.7.1 third",)
        _server, found, _causes = examine(script, doctor)
        assert '"550-5.7.1 first 5.7.1 second 5.7.1 third"' in found["smtp.sender_refused"]["what"]

    def test_a_reply_without_end(self, script, doctor):
        script.mail = ("550-x\r\n" * 20000 + "550 x",)
        _server, found, _causes = examine(script, doctor)
        assert "smtp.sender_unanswered" in found

    def test_the_servers_words_cannot_move_the_terminal(self, script, doctor):
        script.mail = ("550 5.7.1 \033[2J\x9b1mred \u202e",)
        with Server(script) as server:
            said = doctor(server.port)
        assert "\\x1B[2J" in said and "\033" not in said and "\u202e" not in said
        # But for what stands alone because it is to be copied whole, such as a path; before it stand the verdict's nine columns.
        assert all(len(line) <= 80 or " " not in line[9:] for line in said.splitlines()), said
