"""What `sekisho doctor` says of accounts beyond STARTTLS and a password: TLS from the first byte, tokens, pins, and several accounts of a site.

The rule under test: whatever would keep mail from going by an account is found before a mail needs that account, and no secret is printed.
"""
import json
import os
import pathlib
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile

import pytest

from smtp_script import GOOD_PASSWORD, GOOD_TOKEN, GOOD_USER, Script, Server
from test_accounts import OTHER_PIN, pin
from test_doctor import FORM, closed_port
from trial import tls

HEAD = """[gateway]
listen = 127.0.0.1:{closed}
data_directory = {folder}/data
key_directory = {folder}/keys
sites_directory = {folder}/sites
dns_servers = 127.0.0.1:{closed}
courier_user = nobody
group = games
{gateway}
"""
SITE = """[site]
url = http://127.0.0.1:{closed}
admin_address = owner@example.jp
[mail]
from = form@example.jp
account = {names}
bounce_address = bounce@example.jp
"""
TOKEN = f"login = xoauth2\nuser = {GOOD_USER}\n"


class Place:
    """A configuration, and what the doctor says of it."""

    def __init__(self, folder, authority):
        self.folder, self.ca_file = folder, authority.certificate
        self.accounts, self.gateway = {}, ""
        self.output = ""
        self.private("password", GOOD_PASSWORD)
        self.private("token", GOOD_TOKEN)

    def private(self, name, text):
        (self.folder / name).write_text(text + "\n")
        (self.folder / name).chmod(0o600)
        return self.folder / name

    def account(self, name, port, lines=None, host="127.0.0.1"):
        lines = f"user = {GOOD_USER}\npassword_file = {self.folder}/password\n" if lines is None else lines
        self.accounts[name] = f"[account {name}]\nhost = {host}\nport = {port}\nca_file = {self.ca_file}\n{lines}"

    def site(self, name, *names):
        forms = self.folder / "sites" / name / "forms" / "contact"
        forms.mkdir(parents=True, exist_ok=True)
        (self.folder / "sites" / name / "site.conf").write_text(SITE.format(closed=closed_port(), names=" ".join(names)))
        for file, text in (("form.ini", FORM), ("form.html", "[text your-name]"), ("mail.txt", "[your-name]")):
            (forms / file).write_text(text)

    def doctor(self, *options):
        """Findings about accounts and test mails, by the part under which they stand: {code: finding}."""
        head = HEAD.format(closed=closed_port(), folder=self.folder, gateway=self.gateway)
        (self.folder / "sekisho.conf").write_text(head + "".join(self.accounts.values()))
        program = pathlib.Path(os.environ["SEKISHO_PROGRAMS"]) / "sekisho"
        done = subprocess.run([program, "--config", self.folder / "sekisho.conf", "doctor", "--json", *options], capture_output=True, timeout=200)
        self.output = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == 1 and "Sanitizer" not in self.output and "runtime error" not in self.output, self.output
        assert GOOD_PASSWORD not in self.output and GOOD_TOKEN not in self.output, self.output
        found = {}
        for finding in json.loads(done.stdout)["findings"]:
            if finding["code"].startswith(("smtp.", "mail.")):
                found.setdefault(finding["part"], {})[finding["code"]] = finding
        return found

    def examine(self, script, lines, **options):
        """The findings about the one account of the one site, and the server."""
        self.site("example.jp", "main")
        with Server(script) as server:
            self.account("main", server.port, lines, **options)
            found = self.doctor()
        assert server.problems == [] and server.messages == []
        assert list(found) == ["Mail account main"], found
        return found["Mail account main"], server

    def cause(self, number):
        return json.loads(self.output)["causes"][number - 1]["state"]


@pytest.fixture
def place(tmp_path, authority):
    return Place(tmp_path, authority)


@pytest.fixture
def open_folder():
    """A folder into which the courier's user may look."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-doctor-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class TestKinds:
    @pytest.mark.parametrize("library, version", [("auto", "TLSv1.3"), ("curl", "TLSv1.3"), ("esmtp", "TLSv1.2")])
    def test_as_the_transport_would(self, script, place, library, version):
        lines = f"transport = {library}\nuser = {GOOD_USER}\npassword_file = password\n"
        found, server = place.examine(script, lines)
        assert found["smtp.login"]["verdict"] == "fine" and server.tls_versions == [version]

    def test_tls_from_the_first_byte(self, script, place):
        script.is_implicit = True
        found, server = place.examine(script, f"security = tls\nuser = {GOOD_USER}\npassword_file = password\n")
        assert "from the first byte" in found["smtp.connected"]["what"] and "smtp.sender" in found
        assert "STARTTLS" not in server.commands

    def test_tls_where_starttls_is_spoken(self, script, place):
        found, server = place.examine(script, f"security = tls\nuser = {GOOD_USER}\npassword_file = password\n")
        assert list(found) in (["smtp.tls_failed"], ["smtp.silence"]) and "AUTH" not in server.commands
        assert "465" in next(iter(found.values()))["advice"]

    def test_starttls_where_tls_is_spoken(self, script, place):
        script.is_implicit = True
        found, server = place.examine(script, None)
        assert list(found) in (["smtp.silence"], ["smtp.refused"]) and server.commands == []
        assert "465" in next(iter(found.values()))["advice"] or "port" in next(iter(found.values()))["advice"]

    def test_the_certificate_of_another_behind_tls(self, script, place, authority):
        script.is_implicit, script.tls = True, tls(authority.issue("other", "DNS:other.example.jp"))
        found, server = place.examine(script, f"security = tls\nuser = {GOOD_USER}\npassword_file = password\n")
        assert list(found) == ["smtp.wrong_name"] and "AUTH" not in server.commands

    def test_ipv6(self, script, place, authority):
        script.tls = tls(authority.issue("v6", "IP:::1"))
        place.site("example.jp", "main")
        with Server(script, socket.AF_INET6, "::1") as server:
            place.account("main", server.port, host="::1")
            found = place.doctor()["Mail account main"]
        assert found["smtp.sender"]["verdict"] == "fine", found


class TestTokens:
    def test_a_token_of_a_file(self, script, place):
        script.auth = ("XOAUTH2",)
        found, server = place.examine(script, TOKEN + "token_file = token\n")
        assert "the token" in found["smtp.login"]["what"] and "smtp.sender" in found, found

    def test_refused(self, script, place):
        """The server's reason comes in base64, and is read out."""
        script.auth = ("XOAUTH2",)
        place.private("token", "expired-token")
        found, server = place.examine(script, TOKEN + "token_file = token\n")
        assert list(found) == ["smtp.login_refused"] and place.cause(3) == "here"
        assert '{"status":"400","schemes":"Bearer"' in found["smtp.login_refused"]["what"]
        assert "token" in found["smtp.login_refused"]["what"] and "expired-token" not in place.output
        assert not any(command.startswith("MAIL") for command in server.commands)

    def test_refused_at_once(self, script, place):
        script.auth, script.token_challenge, script.auth_reply = ("XOAUTH2",), "", "535 5.7.3 no such token"
        place.private("token", "expired-token")
        found, _server = place.examine(script, TOKEN + "token_file = token\n")
        assert list(found) == ["smtp.login_refused"] and "535 5.7.3 no such token" in found["smtp.login_refused"]["what"]

    def test_passwords_only(self, script, place):
        found, _server = place.examine(script, TOKEN + "token_file = token\n")
        assert list(found) == ["smtp.no_login"] and "XOAUTH2" in found["smtp.no_login"]["what"]

    def test_tokens_only(self, script, place):
        script.auth = ("XOAUTH2",)
        found, _server = place.examine(script, None)
        assert list(found) == ["smtp.no_login"] and "PLAIN or LOGIN" in found["smtp.no_login"]["what"]

    def test_a_file_that_holds_none(self, script, place):
        place.private("token", "Bearer " + GOOD_TOKEN)
        found, server = place.examine(script, TOKEN + "token_file = token\n")
        assert list(found) == ["smtp.no_token"] and server.connections == 0 and place.cause(3) == "here"

    def program(self, folder, lines):
        path = folder / "give-token"
        path.write_text("#!/bin/sh\n" + lines)
        path.chmod(0o755)
        return TOKEN + f"token_command = {path}\n"

    def test_a_token_of_a_command(self, script, place, open_folder):
        """The courier's user runs it, once, although we are root."""
        script.auth = ("XOAUTH2",)
        log = open_folder / "log"
        log.touch()
        log.chmod(log.stat().st_mode | stat.S_IWOTH)
        found, _server = place.examine(script, self.program(open_folder, f"id -un >>{log}\nprintf '%s\\n' '{GOOD_TOKEN}'\n"))
        assert "smtp.sender" in found, found
        assert log.read_text() == ("nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name) + "\n"

    @pytest.mark.parametrize("lines", ["exit 3\n", "true\n", "echo 'two words'\n", "kill -9 $$\n", "head -c 100000 /dev/zero | tr '\\0' a\n"])
    def test_a_command_that_gives_none(self, script, place, open_folder, lines):
        found, server = place.examine(script, self.program(open_folder, lines))
        assert list(found) == ["smtp.no_token"] and server.connections == 0 and "two words" not in found["smtp.no_token"]["what"]
        assert found["smtp.no_token"]["verdict"] == "wrong" and place.cause(3) == "here"

    def test_a_command_that_hangs(self, script, place, open_folder):
        found, _server = place.examine(script, self.program(open_folder, "sleep 600\n"))
        assert list(found) == ["smtp.no_token"], found

    def test_a_command_that_only_root_may_run(self, script, place, open_folder):
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        lines = self.program(open_folder, f"echo '{GOOD_TOKEN}'\n")
        (open_folder / "give-token").chmod(0o700)
        found, server = place.examine(script, lines)
        assert list(found) == ["smtp.no_token"] or list(found) == ["smtp.untried"], found
        assert server.connections == 0


class TestPins:
    def lines(self, pins):
        return f"user = {GOOD_USER}\npassword_file = password\npins = {pins}\n"

    def test_what_the_server_has_is_shown(self, script, place, certificate):
        found, _server = place.examine(script, None)
        assert pin(certificate[0]) in found["smtp.pin"]["what"] and "one of pins" not in found["smtp.pin"]["what"]

    def test_one_of_two(self, script, place, certificate):
        found, _server = place.examine(script, self.lines(f"{OTHER_PIN} {pin(certificate[0])}"))
        assert "one of pins" in found["smtp.pin"]["what"] and "smtp.sender" in found

    @pytest.mark.parametrize("library", ["curl", "esmtp"])
    def test_none_of_them(self, script, place, certificate, library):
        found, server = place.examine(script, f"transport = {library}\n" + self.lines(OTHER_PIN))
        assert list(found) == ["smtp.wrong_pin"] and "AUTH" not in server.commands
        assert pin(certificate[0]) in found["smtp.wrong_pin"]["what"] and place.cause(6) == "here"

    def test_a_key_of_an_untrusted_server(self, script, place, stranger):
        """A pin does not replace the chain."""
        files = stranger.issue("unknown", "IP:127.0.0.1")
        script.tls = tls(files)
        found, _server = place.examine(script, self.lines(pin(files[0])))
        assert list(found) == ["smtp.no_trust"]


class TestSeveral:
    def test_a_fallback_that_is_broken(self, script, place, certificate):
        """Mail goes by the first, and the doctor says what is wrong with the second."""
        second = Script(tls=tls(certificate), auth_reply="535 5.7.8 not you")
        place.site("example.jp", "main", "backup")
        with Server(script) as one, Server(second) as other:
            place.account("main", one.port)
            place.account("backup", other.port)
            found = place.doctor()
        assert list(found) == ["Mail account main", "Mail account backup"]
        assert found["Mail account main"]["smtp.sender"]["verdict"] == "fine"
        assert list(found["Mail account backup"]) == ["smtp.login_refused"] and place.cause(3) == "here"

    def test_an_account_that_two_sites_share(self, script, place):
        place.site("example.jp", "main")
        place.site("shop.example", "own", "main")
        with Server(script) as server, Server(Script(tls=script.tls)) as own:
            place.account("main", server.port)
            place.account("own", own.port)
            place.account("unused", closed_port())
            found = place.doctor()
        assert sorted(found) == ["Mail account main", "Mail account own"]
        assert server.connections == 1 and own.connections == 1
        assert [command for command in server.commands if command.startswith("MAIL")].count("MAIL FROM:<bounce@example.jp>") == 2

    def test_the_account_of_alarms(self, script, place, certificate):
        place.site("example.jp", "main")
        place.gateway = "alarm_address = operator@example.net\nalarm_account = alarms\n"
        with Server(script) as server:
            place.account("main", server.port)
            place.account("alarms", closed_port())
            found = place.doctor()
        assert list(found["Mail account alarms"]) == ["smtp.no_answer"]

    def test_a_mail_by_each(self, script, place, certificate, open_folder):
        """--mail: as many mails as accounts, the token fetched as the courier has it. Sessions read as the courier's user."""
        place.ca_file = pathlib.Path(shutil.copy(place.ca_file, open_folder))
        place.ca_file.chmod(0o644)
        second = Script(tls=tls(certificate), auth=("XOAUTH2",))
        place.site("example.jp", "main", "backup")
        with Server(script) as one, Server(second) as other:
            place.account("main", one.port)
            place.account("backup", other.port, TestTokens().program(open_folder, f"[ \"$(id -u)\" != 0 ] && echo '{GOOD_TOKEN}'\n")
                          if os.geteuid() == 0 else TOKEN + "token_file = token\n")
            found = place.doctor("--mail", "--to", "somebody@example.net")
        assert [recipients for _sender, recipients, _content in one.messages] == [["somebody@example.net"]]
        assert [recipients for _sender, recipients, _content in other.messages] == [["somebody@example.net"]]
        for name in ("main", "backup"):
            assert found[f"Site example.jp: a test mail by account {name}"]["mail.accepted"]["verdict"] == "fine"
            server = one if name == "main" else other
            assert f"account {name}" in server.messages[0][2].decode()
