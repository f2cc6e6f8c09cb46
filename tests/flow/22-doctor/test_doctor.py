"""`sekisho doctor` on real parts: Exim with TLS and AUTH, nginx, a DNS server, the gateway. All is fine; then one thing after another is broken, and the doctor names it."""

import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess

import pytest
import visitor
from dns_server import DnsServer
from gateway import Gateway
from scene import wait_mails
from smtp import SmtpServer
from stage import IS_ROOT, free_port, wait_for
from web import Nginx

# The relay is the mail server's address, which the site names instead of a name.
KEY = base64.b64encode(bytes(294)).decode()
KEY_RECORD = " ".join(f'"{part}"' for part in (f"v=DKIM1; k=rsa; p={KEY[:200]}", KEY[200:]))
SPF, DMARC = '@ TXT "v=spf1 ip4:127.0.0.1 -all"', '_dmarc TXT "v=DMARC1; p=reject"'
ZONE = ["@ MX 10 mail", "mail A 192.0.2.10", SPF, DMARC, f"s1._domainkey TXT {KEY_RECORD}"]
SITE_MAIL = "[mail]\ndkim_selector = s1\n"


class Doctor:
    def __init__(self, gateway, announce):
        self.gateway, self.announce = gateway, announce

    def run(self, *options, status=None):
        command = [self.gateway.programs / "sekisho", "--config", self.gateway.configuration, *map(str, options)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done

    def examine(self, *options, status):
        """{code: [findings]} and the states of the causes."""
        report = json.loads(self.run("doctor", "example.test", "--json", "--page", "/contact/", *options, status=status).stdout)
        found = {}
        for finding in report["findings"]:
            found.setdefault(finding["code"], []).append(finding)
        return found, [cause["state"] for cause in report["causes"]]


def wrong(found):
    return {code for code, findings in found.items() if any(finding["verdict"] == "wrong" for finding in findings)}


def courier_of(gateway):
    """Its process id."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) if words else 0
        except OSError:
            continue
        if b"courier" in words and parent == gateway.process.popen.pid:
            return int(entry.name)
    raise AssertionError("there is no courier")


def prepare(stage, gateway, dns, **settings):
    """A site whose mails come from a domain of the DNS server's."""
    site = gateway.folder / "sites" / "example.test" / "site.conf"
    site.write_text(site.read_text(encoding="utf-8").replace("[mail]\n", SITE_MAIL)
                    .replace("[site]\n", "[site]\ncanary_address = canary@example.test\n"), encoding="utf-8")
    gateway.write_configuration(dns_servers=dns.address, **settings)


@pytest.fixture
def zone():
    return list(ZONE)


@pytest.fixture
def rules():
    """Of the mail server."""
    return ""


@pytest.fixture
def mail(stage, rules):
    return stage.add(SmtpServer(stage, recipient_rules=rules)).start()


@pytest.fixture
def program(stage):
    """alarm_command: writes down what it was told."""
    told = stage.write("told", "", mode=0o666)
    path = stage.write("alarm", f'#!/bin/sh\n{{ echo "$1 $2"; cat; }} >> {told}\n', mode=0o755)
    return path, told


@pytest.fixture
def doctor(stage, mail, zone, program, watch, announce):
    dns = stage.add(DnsServer(stage, {"example.test": zone})).start()
    gateway = watch(stage.add(Gateway(stage, mail)))
    prepare(stage, gateway, dns, alarm_command=program[0])
    gateway.start()
    return Doctor(gateway, announce)


@pytest.fixture
def nginx(stage, doctor):
    return stage.add(Nginx(stage, doctor.gateway.socket)).start()


class TestFine:
    def test_everything(self, doctor, nginx, mail):
        found, causes = doctor.examine("--mail", status=0)
        assert wrong(found) == set()
        expected = {"disk", "keys", "database", "gateway", "courier", "smtp.connected", "smtp.login", "smtp.sender", "smtp.tagged", "smtp.null_sender",
                    "site.forms", "queue", "fuse", "domain.mx_found", "domain.spf_pass", "domain.dkim_found", "domain.dmarc_aligned", "web.gateway", "mail.accepted"}
        assert expected <= {code for code, findings in found.items() if all(finding["verdict"] == "fine" for finding in findings)}, found
        assert len(found["web.gateway"]) == 4 and len(found["database"]) == 3
        assert "250" in found["mail.accepted"][0]["what"] and "smtp.sender_unnoted" not in found
        assert causes == ["not seen", "not seen", "not seen", "not seen", "possible", "not seen"], causes
        assert [str(letter["To"]) for letter in wait_mails(mail, 1)] == ["owner@example.test"] and mail.is_tls_and_auth_used()

    def test_it_reads_well(self, doctor, nginx):
        said = doctor.run("doctor", "--page", "/contact/", status=0).stdout
        print(said)
        # An address to be copied stands whole.
        assert all(len(line) <= 80 or len(line.split()) == 1 for line in said.splitlines()) and "\033" not in said
        assert said.rstrip().endswith(" 0 wrong") and "six usual causes" in said

    def test_nothing_was_sent_without_being_asked(self, doctor, nginx, mail):
        doctor.examine(status=0)
        assert mail.mail_paths() == [] and doctor.gateway.sekisho_json("submissions") == []


class TestMail:
    @pytest.mark.parametrize("rules", ["deny message = no such sender here\n       sender_domains = example.test"])
    def test_the_sender_is_refused_at_the_recipient(self, doctor, nginx):
        found, causes = doctor.examine(status=1)
        assert "no such sender here" in found["smtp.recipient_refused"][0]["what"] and causes[0] == "here"

    @pytest.mark.parametrize("rules", ["deny message = no bounces\n       senders = :"])
    def test_the_null_sender_is_refused(self, doctor, nginx):
        found, _causes = doctor.examine(status=0)
        assert "no bounces" in found["smtp.null_sender_refused"][0]["what"]

    @pytest.mark.parametrize("rules", ["deny message = no tags\n       senders = ^form\\\\+"])
    def test_the_tag_is_refused(self, doctor, nginx):
        found, causes = doctor.examine(status=1)
        assert wrong(found) == {"smtp.tagged_refused"} and causes[0] == "here"
        finding, = found["smtp.tagged_refused"]
        assert "is taken, but then owner@example.test is refused: " in finding["what"] and "bounce_delimiter = none, or" in finding["advice"], finding

    @pytest.mark.parametrize("rules", ["defer message = slowly\n       senders = ^form\\\\+"])
    def test_the_tag_is_refused_for_now(self, doctor, nginx):
        found, causes = doctor.examine(status=0)
        assert "is refused for now: " in found["smtp.tagged_refused"][0]["what"] and causes[0] == "possible", found

    def test_each_password_is_tried(self, doctor, nginx, mail):
        """Two sites with one user of one server, and only the first has the right password."""
        folder = doctor.gateway.folder / "sites"
        subprocess.run(["cp", "-r", folder / "example.test", folder / "other.test"], check=True)
        site = folder / "other.test" / "site.conf"
        main = doctor.gateway.configuration.read_text(encoding="utf-8")
        account = re.sub(r"(?m)^password_file = .*", "password_file = missing", main[main.index("[account main]"):])
        site.write_text(site.read_text(encoding="utf-8") + "\n" + account, encoding="utf-8")
        report = json.loads(doctor.run("doctor", "--json", status=1).stdout)
        assert [finding["site"] for finding in report["findings"] if finding["code"] == "smtp.no_password"] == ["other.test"], report
        assert [finding["site"] for finding in report["findings"] if finding["code"] == "smtp.login"] == ["example.test"]

    def test_the_password_is_wrong(self, doctor, nginx, announce):
        doctor.gateway.write_password("wrong")
        found, causes = doctor.examine("--mail", status=1)
        assert wrong(found) == {"smtp.login_refused", "mail.refused"} and causes[2] == "here"

    def test_the_server_is_gone(self, doctor, nginx, mail):
        mail.stop()
        found, causes = doctor.examine(status=1)
        assert wrong(found) == {"smtp.no_answer"} and causes[5] == "here"


class TestDomain:
    @pytest.mark.parametrize("zone, code", [([*ZONE[:2], '@ TXT "v=spf1 mx -all"', *ZONE[3:]], "domain.spf_fail"), (ZONE[2:], "domain.mx_missing")])
    def test_what_the_dns_says(self, doctor, nginx, code):
        found, causes = doctor.examine(status=1)
        assert code in wrong(found) and causes[3 if "spf" in code else 0] == "here", found

    def test_nobody_answers(self, doctor, nginx):
        doctor.gateway.write_configuration(dns_servers="127.0.0.1:1")
        found, _causes = doctor.examine(status=0)
        assert "Asked: 127.0.0.1:1 ([gateway] dns_servers)." in found["domain.mx_unknown"][0]["what"]


class TestWeb:
    def found(self, stage, doctor, changes, status=1):
        web = stage.add(Nginx(stage, doctor.gateway.socket, changes)).start()
        try:
            return doctor.examine(status=status)
        finally:
            web.stop()

    def test_the_gateway_is_stopped(self, doctor, nginx):
        doctor.gateway.stop()
        found, causes = doctor.examine(status=1)
        assert wrong(found) == {"gateway.silent", "web.busy"} and len(found["web.busy"]) == 4 and causes[5] == "here"

    def test_nginx_has_no_include(self, stage, doctor):
        found, causes = self.found(stage, doctor, [(f"include {stage.directory}/nginx/snippets/sekisho-server.conf;", "")])
        assert wrong(found) == {"web.not_found"} and causes[5] == "here"
        assert "set $sekisho_site example.test;" in found["web.not_found"][0]["advice"]

    def test_contact_form_7_answers(self, stage, doctor):
        """What WordPress says when the plugin gets our probe."""
        answer = '{"code":"wpcf7_unsupported_media_type","message":"The request payload format is not supported.","data":{"status":415}}'
        rest = f"location ~ ^/wp-json/ {{ default_type application/json; return 415 '{answer}'; }}\n\tlocation = / {{"
        found, causes = self.found(stage, doctor, [(f"include {stage.directory}/nginx/snippets/sekisho-server.conf;", ""), ("location = / {", rest)])
        assert "web.plugin" in wrong(found) and "Contact Form 7" in found["web.plugin"][0]["what"] and causes[5] == "here"

    def test_the_site_is_named_wrongly(self, stage, doctor):
        folder = doctor.gateway.folder / "sites"
        subprocess.run(["cp", "-r", folder / "example.test", folder / "other.test"], check=True)
        found, _causes = self.found(stage, doctor, [("set $sekisho_site example.test;", "set $sekisho_site other.test;")])
        assert wrong(found) == {"web.other_site"} and "other.test" in found["web.other_site"][0]["what"]

    def test_a_page_that_nobody_listed(self, stage, doctor):
        found, _causes = self.found(stage, doctor, [('"~^POST \\S+ /contact/$" 1;', "")])
        assert wrong(found) in ({"web.not_found"}, {"web.other"})

    def test_a_page_without_its_slash(self, stage, doctor, nginx):
        found, _causes = doctor.examine("--page", "contact", status=1)
        assert "usually with a slash" in found["web.page_slash"][0]["what"] and "--page /contact/" in found["web.page_slash"][0]["advice"]

    def test_a_page_in_letters_that_addresses_escape(self, doctor, nginx):
        found, _causes = doctor.examine("--page", "/%E5%95%8F%E5%90%88.html", status=1)
        assert any("/問合\\.html$" in finding["advice"] for code in wrong(found) for finding in found[code]), found

    def test_a_page_that_is_none(self, doctor):
        assert "--page /a%zz is no path" in doctor.run("doctor", "example.test", "--page", "/a%zz", status=64).stderr

    def test_a_password_stands_before_it(self, stage, doctor):
        found, _causes = self.found(stage, doctor, [("charset utf-8;", "charset utf-8;\n\tdeny all;")])
        assert wrong(found) == {"web.guarded"}

    def test_everything_is_led_to_https(self, stage, doctor):
        """Harmless while browsers load the page from https themselves; the doctor follows, and finds nobody there."""
        # Bound and never listening: nobody answers there, and no test beside this one can take the port.
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            secure = nobody.getsockname()[1]
            rest = f"location ~ ^/(wp-json|contact|sekisho) {{ return 301 https://127.0.0.1:{secure}$request_uri; }}\n\tlocation = / {{"
            found, causes = self.found(stage, doctor, [(f"include {stage.directory}/nginx/snippets/sekisho-server.conf;", ""), ("location = / {", rest)])
        assert "web.no_answer" in wrong(found) and "301" in found["web.redirected"][0]["what"] and causes[5] == "here"

    def test_redirections_without_end(self, stage, doctor):
        rest = "location ~ ^/(wp-json|contact|sekisho) { return 302 /wp-json$request_uri; }\n\tlocation = / {"
        found, _causes = self.found(stage, doctor, [(f"include {stage.directory}/nginx/snippets/sekisho-server.conf;", ""), ("location = / {", rest)])
        assert {"web.redirected", "web.loop"} <= wrong(found)

    def test_https_with_an_authority_of_ones_own(self, stage, doctor):
        """The site moved to https: its url says http, the web server leads on. --resolve and --ca-file let the doctor see it from here."""
        plain, secure = stage.web_port, free_port()
        certificate, key = stage.make_certificate("web-server", "www-data" if IS_ROOT else None, "DNS:www.example.test")
        site = doctor.gateway.folder / "sites" / "example.test" / "site.conf"
        site.write_text(site.read_text(encoding="utf-8").replace(f"http://127.0.0.1:{plain}", f"https://www.example.test:{secure}"), encoding="utf-8")
        stage.add(Nginx(stage, doctor.gateway.socket, [
            (f"listen 127.0.0.1:{plain};", f"listen 127.0.0.1:{plain};\n\tlisten 127.0.0.1:{secure} ssl;\n\tssl_certificate {certificate};\n\tssl_certificate_key {key};")])).start()
        route = ("--resolve", f"www.example.test:{secure}:127.0.0.1")
        found, _causes = doctor.examine(*route, "--ca-file", stage.authority, status=0)
        assert len(found["web.gateway"]) == 4
        found, _causes = doctor.examine(*route, status=1)
        assert wrong(found) == {"web.tls"}


class TestMachine:
    def test_a_database_that_is_damaged(self, doctor, nginx, announce):
        doctor.gateway.stop()
        path = doctor.gateway.folder / "data" / "sekisho.db"
        content = bytearray(path.read_bytes())
        assert len(content) > 4 * 4096
        content[3 * 4096:4 * 4096] = os.urandom(4096)
        path.write_bytes(content)
        found, causes = doctor.examine(status=1)
        assert "database.wrong" in wrong(found) and causes[5] == "here"

    def test_mails_that_wait(self, doctor, nginx, mail, announce):
        announce.add("account_failed")
        mail.stop()
        visitor.post_feedback(nginx)
        wait_for(lambda: doctor.gateway.sekisho_json("queue")[0]["deliveries"][0]["state"] == "deferred", "a mail that waits")
        found, causes = doctor.examine(status=1)
        assert found["queue.waiting"][0]["verdict"] == "note" and causes[5] == "here"

    @pytest.mark.parametrize("rules", ["deny message = no such mailbox\n       recipients = owner@example.test"])
    def test_mails_that_were_given_up(self, doctor, nginx, announce):
        announce.update(("delivery_dead", "alarm_failed"))
        visitor.post_feedback(nginx)
        wait_for(lambda: doctor.gateway.sekisho_json("queue")[0]["deliveries"][0]["state"] == "dead", "a mail that was given up")
        found, causes = doctor.examine(status=1)
        assert "no such mailbox" in found["queue.dead"][0]["what"] and causes[5] == "here"


class TestCanary:
    def test_it_comes_out(self, doctor, nginx, mail, program):
        done = doctor.run("canary", "example.test", "--wait", "60s", status=0)
        assert "came out" in done.stdout and "250" in done.stdout
        assert [str(letter["X-Envelope-To"] or letter["Envelope-to"]) for letter in wait_mails(mail, 1)] == ["canary@example.test"]
        assert program[1].read_text() == ""

    @pytest.mark.parametrize("age_s, verdict", [(60, "note"), (301, "wrong")])
    def test_what_the_doctor_says_of_it(self, doctor, nginx, mail, age_s, verdict):
        """No "all is fine" once a canary has failed for the courier's sake, be it after less than the five minutes that it waits."""
        courier = courier_of(doctor.gateway)
        os.kill(courier, signal.SIGSTOP)
        try:
            doctor.run("canary", "example.test", "--wait", "1s", status=1)
            with contextlib.closing(sqlite3.connect(doctor.gateway.folder / "data" / "sekisho.db")) as db, db:
                db.execute("UPDATE delivery SET due_at = due_at - ?", (age_s * 1_000_000,))
            found, causes = doctor.examine(status=1 if verdict == "wrong" else 0)
            code = "courier.stuck" if verdict == "wrong" else "courier.late"
            assert found[code][0]["verdict"] == verdict and causes[5] == ("here" if verdict == "wrong" else "possible"), found
        finally:
            os.kill(courier, signal.SIGCONT)

    def test_a_courier_that_stands_still(self, doctor, nginx, mail, program):
        """It is told once, and cleared by the next canary that comes out."""
        courier = courier_of(doctor.gateway)
        os.kill(courier, signal.SIGSTOP)
        try:
            done = doctor.run("canary", "example.test", "--wait", "2s", status=1)
            assert "did not come out" in done.stderr and "sekisho doctor example.test" in done.stderr
            told = program[1].read_text()
            assert told.startswith("canary example.test\n") and "waiting since" in told
            again = json.loads(doctor.run("canary", "example.test", "--wait", "1s", "--json", status=1).stdout)
            assert (again["site"], again["is_fine"], again["mail"]) == ("example.test", False, None) and "did not come out" in again["problem"]
            assert program[1].read_text() == told
        finally:
            os.kill(courier, signal.SIGCONT)
        fine = json.loads(doctor.run("canary", "example.test", "--wait", "60s", "--json", status=0).stdout)
        assert fine["is_fine"] and fine["problem"] is None and "250" in fine["mail"] and fine["receipt"] and fine["seconds"] > 0
        os.kill(courier, signal.SIGSTOP)
        try:
            doctor.run("canary", "example.test", "--wait", "1s", status=1)
            assert program[1].read_text().count("canary example.test\n") == 2
        finally:
            os.kill(courier, signal.SIGCONT)

    def test_a_gateway_that_is_stopped(self, doctor, nginx, program):
        doctor.gateway.stop()
        done = doctor.run("canary", "example.test", status=1)
        told = program[1].read_text()
        assert "cannot reach the gateway (HTTP 200)" in done.stderr and told.startswith("canary example.test\n") and "<" not in told, told

    def test_who_answers_is_said_in_the_sites_language(self, stage, doctor, program):
        site = doctor.gateway.folder / "sites" / "example.test" / "site.conf"
        site.write_text(re.sub(r"(?m)^locale = .*\n", "", site.read_text(encoding="utf-8")).replace("[site]\n", "[site]\nlocale = ja\n"), encoding="utf-8")
        stage.add(Nginx(stage, doctor.gateway.socket, [(f"include {stage.directory}/nginx/snippets/sekisho-server.conf;", "")])).start()
        done = doctor.run("canary", "example.test", status=1)
        told = program[1].read_text(encoding="utf-8")
        assert "The web server has nothing at http://" in done.stderr and "<html" not in done.stderr, done.stderr
        assert "には何もありません(HTTP 4" in told and "sekisho doctor example.test" in told, told

    def test_the_gateway_itself_refuses(self, doctor, nginx, program):
        """It answers in the words of Contact Form 7, and is not taken for it."""
        form = doctor.gateway.form_file("form.html")
        form.write_text(form.read_text(encoding="utf-8") + "\n[number* impossible min:5 max:3]\n", encoding="utf-8")
        done = doctor.run("canary", "example.test", "--form", "4", status=1)
        assert "The gateway answers at http://" in done.stderr and "did not take it (HTTP 200)" in done.stderr, done.stderr

    def test_a_form_that_refuses_its_sample_is_passed_over(self, doctor, nginx, mail, program):
        form = doctor.gateway.form_file("form.html")
        other = form.parent.with_name("other")
        subprocess.run(["cp", "-r", form.parent, other], check=True)
        settings = other / "form.ini"
        settings.write_text(settings.read_text(encoding="utf-8").replace("id = 4\n", "id = 9\n"), encoding="utf-8")
        form.write_text(form.read_text(encoding="utf-8") + "\n[number* impossible min:5 max:3]\n", encoding="utf-8")
        doctor.run("canary", "example.test", "--wait", "60s", status=0)
        assert program[1].read_text() == ""

    def test_a_site_that_is_broken(self, doctor, nginx, program):
        site = doctor.gateway.folder / "sites" / "example.test" / "site.conf"
        site.write_text(site.read_text(encoding="utf-8").replace("[site]\n", "[site]\nfoo = bar\n"), encoding="utf-8")
        done = doctor.run("canary", "example.test", status=1)
        told = program[1].read_text()
        assert "[site] foo" in done.stderr and told.startswith("canary example.test\n") and "[site] foo" in told, told

    def test_a_site_that_is_not_there(self, doctor, nginx, program):
        doctor.run("canary", "nowhere.test", status=66)
        assert program[1].read_text() == ""

    def test_a_form_that_a_program_cannot_fill_in(self, doctor, nginx, program):
        form = doctor.gateway.form_file("form.html")
        form.write_text(form.read_text(encoding="utf-8") + '\n[quiz capital "capital of Japan?|Tokyo"]\n', encoding="utf-8")
        done = doctor.run("canary", "example.test", "--form", "4", status=64)
        assert "has a quiz" in done.stderr and program[1].read_text() == ""

    @pytest.mark.parametrize("form, status, complaint", [("99", 66, "has no form 99"), ("x", 64, "--form is a number")])
    def test_a_form_that_is_not_there(self, doctor, nginx, program, form, status, complaint):
        done = doctor.run("canary", "example.test", "--form", form, status=status)
        assert complaint in done.stderr and program[1].read_text() == ""

    def test_a_form_that_is_broken(self, doctor, nginx, program):
        doctor.gateway.form_file("form.html").write_text("[stripe s]", encoding="utf-8")
        doctor.run("canary", "example.test", "--form", "4", status=1)
        assert program[1].read_text().startswith("canary example.test\n")

    @pytest.mark.parametrize("options", [("--resolve", "example.test"), ("--resolve", "example.test:443")])
    @pytest.mark.parametrize("verb", ["canary", "doctor"])
    def test_a_wrong_resolve(self, doctor, nginx, verb, options):
        assert "HOST:PORT:ADDRESS" in doctor.run(verb, "example.test", *options, status=64).stderr

    def test_a_wrong_wait(self, doctor, nginx):
        assert "like 90s or 5m" in doctor.run("canary", "example.test", "--wait", "2h", status=64).stderr

    def test_without_an_address(self, doctor, nginx, program):
        site = doctor.gateway.folder / "sites" / "example.test" / "site.conf"
        site.write_text(site.read_text(encoding="utf-8").replace("canary_address = canary@example.test\n", ""), encoding="utf-8")
        done = doctor.run("canary", "example.test", status=78)
        assert "canary_address" in done.stderr and program[1].read_text() == ""
