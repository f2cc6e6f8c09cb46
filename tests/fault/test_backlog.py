"""A long queue, in which the mails of a dead account and of a slow one stand before and between those of a healthy one: how long the healthy one's take, measured in what they
take alone.

    SEKISHO_BACKLOG=30000 ctest --test-dir build/asan -R '^fault.backlog' -V       so many mails; the default is 10000
"""

import collections
import concurrent.futures
import contextlib
import os
import signal
import sqlite3
import threading
import time

import fastcgi
from district import District
from killing import processes
from mischief import MischiefServer
from post_office import PostOffice, Stepping, Taken
from scene import assert_sent
from stage import wait_for

BACKLOG = int(os.environ.get("SEKISHO_BACKLOG", "10000"))
HEALTHY = BACKLOG // 5
# What a slow server lets each mail wait: far from any deadline.
PAUSE_S = 1
# A session of the slow account and one that finds out that the dead one is dead stand beside the healthy one's; the rest is what a busy machine makes of time.
RATIO = 3
# And until the dead one is known as dead.
START_S = 2
# LIMIT_SESSION_MAILS times the sessions of an account: so many may be on their way.
SESSION_MAILS = 100


class Counter(Stepping):
    """Books each mail where it is taken, because others are taken at the same time."""

    def data(self):
        super(Stepping, self).data()

    def take(self, content):
        super().take(content)
        self.server.taken += [Taken(recipient, content, self.server.life) for recipient in self.recipients]


class Office(PostOffice):
    """Answers all sessions at once, each mail after `pause_s`."""

    def __init__(self, stage, pause_s=0.0):
        super().__init__(stage)
        self.pause_s, self.threads = pause_s, []

    def dialogue(self, connection):
        return Counter(self, connection)

    def serve(self, connection):
        self.threads.append(threading.Thread(target=super().serve, args=(connection,), daemon=True))
        self.threads[-1].start()

    def stop(self):
        super().stop()
        for thread in self.threads:
            thread.join(40)

    def pause(self, name):
        if name == "DOT" and self.pause_s:
            time.sleep(self.pause_s)


class Backlog:
    def __init__(self, stage, clock):
        certificate = stage.make_certificate("server", None, f"IP:{MischiefServer.HOST}")
        self.healthy, self.slow = Office(stage), Office(stage, PAUSE_S)
        self.slow.on_step = self.slow.pause
        self.district = District(stage, {"healthy.test": self.healthy, "slow.test": self.slow, "dead.test": MischiefServer(certificate, door="refuse")})
        self.gateway = self.district.start(clock)
        self.count = 0

    def post(self, name):
        self.count += 1
        assert_sent(fastcgi.ask(self.gateway.socket, fastcgi.feedback(name, your_subject=f"試し w{self.count}")))

    def fill(self, names):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(self.post, names))

    def queue(self, *options):
        return self.gateway.sekisho_json("queue", "list", "--limit", "10000", *options)

    def waiting(self):
        """Mails that wait, by site; none of them was given up."""
        items = self.queue()
        assert all(delivery["state"] != "dead" for item in items for delivery in item["deliveries"])
        return collections.Counter(item["site"] for item in items)

    def is_free(self):
        """Whether nobody writes to the database at this moment."""
        with contextlib.closing(sqlite3.connect(self.gateway.folder / "data" / "sekisho.db", timeout=0)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def freeze(self):
        """Stops the courier where it is, but not where it keeps others waiting."""
        courier, = processes(self.gateway.process.popen.pid, "courier")
        os.kill(courier, signal.SIGSTOP)
        while not self.is_free():
            os.kill(courier, signal.SIGCONT)
            time.sleep(0.05)
            os.kill(courier, signal.SIGSTOP)
        return courier

    def run(self, names):
        """Seconds until all mails to the healthy account have arrived, of those that a courier finds when it comes back."""
        courier = self.freeze()
        self.fill(names)
        expected = len(self.healthy.taken) + names.count("healthy.test")
        began = time.monotonic()
        os.kill(courier, signal.SIGCONT)
        wait_for(lambda: len(self.healthy.taken) >= expected, lambda: f"{expected} mails; there are {len(self.healthy.taken)}", 300)
        return time.monotonic() - began


def assert_others(backlog):
    """The slow account's mails go on going out, by its own sessions; the dead one's all wait, and nothing is given up or lost."""
    wait_for(lambda: not backlog.queue("--site", "healthy.test"), "the healthy account's mails to be written down as sent", 60)
    waiting, taken = backlog.waiting(), len(backlog.slow.taken)
    print(f"waiting {dict(waiting)}, taken by the slow server {taken}")
    assert waiting["dead.test"] == 2 * HEALTHY and taken > 0
    # The last that a server took may not be written down yet; the first that were read as waiting may have gone meanwhile.
    assert 0 <= waiting["slow.test"] + taken - 2 * HEALTHY <= SESSION_MAILS


def test_a_dead_and_a_slow_account_leave_a_healthy_one_alone(stage, clock, watch, announce):
    announce |= {"account_failed"}
    backlog = Backlog(stage, clock)
    watch(backlog.gateway)
    alone = backlog.run(["healthy.test"] * HEALTHY)
    # Others stand first and in between: nobody's place in the queue may decide.
    beside = backlog.run(["dead.test", "slow.test"] * HEALTHY + ["dead.test", "slow.test", "healthy.test"] * HEALTHY)
    print(f"{HEALTHY} mails alone in {alone:.1f} s, in a queue of {BACKLOG} in {beside:.1f} s: {beside / alone:.2f} times as long; "
          f"sessions {backlog.healthy.connections}, {backlog.slow.connections}")
    assert_others(backlog)
    assert beside <= RATIO * alone + START_S
    assert len(backlog.healthy.taken) == len(backlog.healthy.words()) == 2 * HEALTHY
    # So that no session has to be ended by force.
    backlog.slow.pause_s = 0
