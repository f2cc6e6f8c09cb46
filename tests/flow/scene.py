"""What the flows share: a stage with a real mail server, the gateway and nginx, and a watch over the gateway's log.

A flow announces the events of warning or above that it provokes (`announce`); any other one fails it, and so does any line that
is none of the gateway's own (a sanitizer's report, a library's complaint) and any exit status but 0.
"""

import concurrent.futures
import os
import struct

import pytest
import visitor
from gateway import Gateway
from smtp import SmtpServer
from stage import IS_ROOT, Stage, wait_for
from web import Nginx

WARNING = 4


@pytest.fixture
def stage():
    os.umask(0o022)
    with Stage("sekisho-flow-") as stage:
        yield stage


@pytest.fixture
def smtp(stage):
    """The mail server, started."""
    return stage.add(SmtpServer(stage)).start()


@pytest.fixture
def announce():
    """The set of event names, warning and above, that this test expects in the gateway's log."""
    return set() if IS_ROOT else {"wall_off"}


# The visitors of a test do come from one address.
ORDINARY = {"one_address"}


def unexpected(lines, announced):
    return [line.text for line in lines if not line.is_ours or (line.priority <= WARNING and line.event not in announced | ORDINARY)]


@pytest.fixture
def watch(announce):
    """Watches a gateway: called with it, it is stopped and its log judged at the end of the test."""
    watched = []
    yield lambda gateway: watched.append(gateway) or gateway
    for gateway in watched:
        status = gateway.stop()
        print(f"The gateway's log:\n{gateway.process.tail(60) if gateway.process else ''}")
        assert status == 0, f"sekishod ended with {status}"
        found = unexpected(gateway.lines(), announce)
        assert not found, "lines that were not announced:\n" + "\n".join(found)


@pytest.fixture
def gateway(stage, smtp, watch):
    """The gateway, started."""
    return watch(stage.add(Gateway(stage, smtp))).start()


@pytest.fixture
def web(stage, gateway):
    """nginx with the shipped snippets, started."""
    return stage.add(Nginx(stage, gateway.socket)).start()


class Clock:
    """The clock of the gateway's processes (builds with SEKISHO_MOVABLE_CLOCK). Give `environment` to Gateway.start."""

    def __init__(self, stage):
        self.path = stage.directory / "clock"
        self.path.write_bytes(struct.pack("=q", 0))
        self.path.chmod(0o644)
        self.environment = {"SEKISHO_CLOCK_FILE": str(self.path)}

    def move(self, seconds):
        """Sets the offset from real time."""
        with open(self.path, "r+b") as file:
            file.write(struct.pack("=q", int(seconds * 1_000_000)))

    def offset(self):
        """In microseconds."""
        return struct.unpack("=q", self.path.read_bytes())[0]


@pytest.fixture
def clock(stage):
    return Clock(stage)


def assert_sent(answer):
    assert answer.status == 200, answer.text
    assert answer.json()["status"] == "mail_sent", answer.text


def subject_words(smtp):
    """The last word of each delivered mail's subject: where a test writes which submission it was."""
    return [str(mail["Subject"]).rsplit(" ", 1)[-1] for mail in smtp.mails()]


def post_many(web, words, threads=8, during=None):
    """Posts one submission per word, in `threads` threads; calls `during` meanwhile. {word: Answer or the exception}."""
    def post(word):
        try:
            return visitor.post_feedback(web, your_subject=f"見積もり {word}")
        except OSError as error:
            return error
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        futures = {word: pool.submit(post, word) for word in words}
        if during:
            during()
        return {word: future.result() for word, future in futures.items()}


def is_sent(answer):
    return not isinstance(answer, OSError) and answer.status == 200 and answer.json().get("status") == "mail_sent"


def wait_mails(smtp, count, seconds=60):
    """The mails, once there are `count`; more is an error."""
    wait_for(lambda: len(smtp.mail_paths()) >= count, lambda: f"{count} mails; there are {len(smtp.mail_paths())}", seconds)
    mails = smtp.mails()
    assert len(mails) == count
    return mails
