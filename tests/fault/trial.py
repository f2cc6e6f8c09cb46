"""The trial program, as tests start it: one session of the courier's own code against a server of theirs."""
import os
import pathlib
import socket
import ssl
import subprocess

import pytest

from smtp_script import GOOD_PASSWORD, GOOD_TOKEN, GOOD_USER, Script, Server

ONE, TWO, THREE = "one@example.jp", "two@example.jp", "three@example.jp"


@pytest.fixture(scope="session")
def certificate(authority):
    return authority.issue("server", "DNS:localhost,IP:127.0.0.1")


def tls(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


@pytest.fixture
def script(certificate):
    return Script(tls=tls(certificate))


class Result:
    """What smtp_trial printed: `outcomes` by delivery id, `accounts`, `open` and `trouble`."""

    def __init__(self, output):
        self.outcomes, self.accounts, self.open, self.trouble = {}, [], set(), None
        self.earlier = []  # outcomes of the runs before the last one
        for line in output.splitlines():
            kind, *fields = line.split("\t")
            if kind == "outcome":
                assert int(fields[0]) not in self.outcomes, "reported twice"
                self.outcomes[int(fields[0])] = (fields[1], int(fields[2]), fields[3])
            elif kind == "account":
                self.accounts.append(tuple(fields))
            elif kind == "open":
                self.open.add(int(fields[0]))
            elif kind == "run":
                self.earlier.append(self.outcomes)
                self.outcomes = {}
            elif kind == "trouble":
                self.trouble = fields[0]

    def names(self):
        return {delivery: outcome[0] for delivery, outcome in self.outcomes.items()}


def names_for(host, folder, hosts):
    """What libnss_wrapper is told, which answers for the names of `hosts` (lines of hosts(5)), and for localhost where a folder made by
    debootstrap has no /etc/hosts. AddressSanitizer does not mind its place."""
    try:
        socket.getaddrinfo("localhost", None)
    except OSError:
        hosts = hosts or ("127.0.0.1 localhost\n" if host == "localhost" else "")
    if not hosts:
        return {}
    path = folder / "hosts"
    path.write_text(hosts)
    wrapper = next(pathlib.Path(os.environ["SEKISHO_SERVERS"]).glob("usr/lib/*/libnss_wrapper.so"))
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {"NSS_WRAPPER_HOSTS": str(path), "LD_PRELOAD": str(wrapper), "ASAN_OPTIONS": options}


@pytest.fixture
def send(authority, tmp_path, transport):
    """Runs the trial with the transport of the test (conftest.py)."""
    def run(port, recipients=(ONE,), host="localhost", hosts="", haste=1, **options):
        password = options.get("password", GOOD_TOKEN if options.get("login") == "xoauth2" else GOOD_PASSWORD)
        arguments = {"host": host, "port": port, "user": GOOD_USER, "password": password, "ca-file": authority.certificate, "transport": transport,
                     **{name.replace("_", "-"): value for name, value in options.items()}}
        command = [os.environ["SEKISHO_SMTP_TRIAL"]]
        for name, value in arguments.items():
            command += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        for recipient in recipients:
            command += ["--recipient", recipient]
        environment = {**os.environ, **names_for(host, tmp_path, hosts), "SMTP_TRIAL_HASTE": str(haste)}
        done = subprocess.run(command, capture_output=True, timeout=100, env=environment)
        complaints = done.stderr.decode()
        assert done.returncode == 0, complaints
        assert "Sanitizer" not in complaints and "runtime error" not in complaints, complaints
        said = done.stdout.decode() + complaints
        assert GOOD_TOKEN not in said and (password == "" or password not in said)
        return Result(done.stdout.decode())
    return run


def play(script, send, **options):
    with Server(script) as server:
        result = send(server.port, **options)
    assert server.problems == []
    return server, result


def nothing_was_sent(server, result):
    return server.messages == [] and result.outcomes == {} and result.open == {0}
