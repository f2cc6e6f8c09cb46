"""The DNS server of this flow, started once, and the program that asks it."""

import os
import pathlib
import subprocess

import pytest
from dns_server import DnsServer
from stage import Stage

from zones import ZONES


class Answer:
    def __init__(self, line):
        self.outcome, self.reason, self.name, *self.records = line.split("\t")


class Finding:
    def __init__(self, line):
        self.topic, self.verdict, self.code, self.what, self.advice = line.split("\t")


def run(*words):
    program = os.environ.get("SEKISHO_EXAMINE") or pathlib.Path(os.environ["SEKISHO_PROGRAMS"]).parent / "tests" / "flow" / "dns_examine"
    done = subprocess.run([program, *map(str, words)], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout.decode("utf-8", "backslashreplace").splitlines()


def ask(servers, kind, *names, deadline_ms=20000):
    return [Answer(line) for line in run(servers, deadline_ms, "ask", kind, *names)]


def examine(servers, sender, envelope=None, relay="relay.provider.test", selector="", deadline_ms=20000):
    """{topic: Finding}"""
    lines = run(servers, deadline_ms, "sender", sender, sender if envelope is None else envelope, relay, selector)
    findings = [Finding(line) for line in lines]
    assert [finding.topic for finding in findings] == ["mx", "reverse_path", "spf", "dkim", "dmarc"]
    return {finding.topic: finding for finding in findings}


@pytest.fixture(scope="session")
def server():
    with Stage("sekisho-dns-") as stage:
        yield stage.add(DnsServer(stage, ZONES)).start().address
