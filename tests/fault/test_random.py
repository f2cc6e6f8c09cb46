"""Mail servers that misbehave by lot. Whatever they do, every acknowledged mail is delivered, deferred, or dead with a reason; it comes again
only after the server took it without saying so clearly, and under the same Message-ID; and neither courier nor session ever dies.

    SEKISHO_SESSIONS=1000 SEKISHO_SEED=7 ctest --test-dir build/asan -R '^fault.random' -V --timeout 3600       the default is 60, and any seed
"""

import collections
import itertools
import os
import random

from district import District
from killing import wait_idle
from mischief import OUTCOMES, WAYS, Mischief, MischiefServer

SESSIONS = int(os.environ.get("SEKISHO_SESSIONS", "60"))
SEED = int(os.environ.get("SEKISHO_SEED", random.SystemRandom().randrange(1_000_000)))
SITES = 6
RECIPIENTS = "owner@example.test, desk@example.test"
# A door that is closed belongs to no connection. What befalls the dot comes oftener, because only there a mail may go twice.
LOTS = [cell for cell in OUTCOMES for _ in range(4 if cell[0] == "DOT" else 1) if cell not in (("connect", "refuse"), ("connect", "hang"))]
REASONS = {"relay.connect", "relay.tls", "relay.auth", "relay.lost", "relay.temporary", "relay.permanent"}


class Lots:
    """What one server draws for each of its connections; the same for the same seed."""

    def __init__(self, name):
        self.random, self.drawn = random.Random(f"{SEED} {name}"), collections.Counter()

    def __call__(self):
        # A quarter behaves, so that sessions come to their second and third mail.
        cell = None if self.random.random() < 0.25 else self.random.choice(LOTS)
        self.drawn[cell] += 1
        if cell is None:
            return None
        # It goes away before the gateway's own deadline, or all would wait for that.
        return Mischief(*cell, message=self.random.randrange(3), patience_s=self.random.random(), drip_s=0.002)


class Campaign:
    def __init__(self, stage, clock):
        certificate = stage.make_certificate("server", None, f"IP:{MischiefServer.HOST}")
        self.lots = {f"site{number}.test": Lots(number) for number in range(SITES)}
        # A server without STARTTLS has no such mischief: those of its lots behave.
        self.servers = {name: MischiefServer(certificate, lots, way=way) for (name, lots), way in zip(self.lots.items(), itertools.cycle(WAYS))}
        self.district, self.clock = District(stage, self.servers, RECIPIENTS), clock
        self.random, self.seconds, self.rounds = random.Random(SEED), 0, 0
        self.sites = {}  # by word of what was acknowledged

    def sessions(self):
        return sum(server.connections for server in self.servers.values())

    def turn(self):
        """Time for every mail that was deferred, and new ones, which wake the courier."""
        self.seconds += 2 * 3600
        self.clock.move(self.seconds)
        self.rounds += 1
        for number in range(self.random.randint(1, 3)):
            self.sites |= self.district.post(lambda name: f"{name}.{self.rounds}.{number}")
        wait_idle(self.district.gateway)

    def queue(self):
        return {item["receipt"]: item for item in self.district.queue()}

    def taken(self):
        """Copies by word and recipient, in their order."""
        copies = collections.defaultdict(list)
        for server in self.servers.values():
            for mail in server.taken:
                copies[mail.word, mail.recipient].append(mail)
        return copies

    def clear(self):
        return {key for key, mails in self.taken().items() if any(mail.is_clear for mail in mails)}


def assert_copies_are_right(copies):
    for key, mails in copies.items():
        assert all(not mail.is_clear for mail in mails[:-1]), f"{key} came again after a clear 250"
        assert len({mail.identity for mail in mails}) == 1, f"{key} came under {[mail.identity for mail in mails]}"
        assert len({mail.content for mail in mails}) == 1, f"{key} came with different contents"


def assert_nothing_is_lost(campaign):
    """Each mail of each recipient was taken clearly, or is in the queue with its reason."""
    queue = campaign.queue()
    open_deliveries = [delivery for item in queue.values() for delivery in item["deliveries"] if delivery["state"] not in ("sent", "cancelled")]
    for delivery in open_deliveries:
        assert delivery["state"] in ("deferred", "dead") and delivery["reason"] in REASONS, delivery
        assert delivery["state"] == "deferred" or delivery["server_text"], delivery
    # What was delivered clearly cannot wait; a delivery whose reply dripped in is clear too.
    assert len(campaign.clear()) + len(open_deliveries) == 2 * len(campaign.sites)


def settle(campaign):
    """The servers behave; a person orders what was given up."""
    for server in campaign.servers.values():
        server.heal()
    for item in campaign.queue().values():
        if any(delivery["state"] == "dead" for delivery in item["deliveries"]):
            campaign.district.gateway.sekisho("queue", "retry", item["item"])
    for _ in range(5):
        campaign.turn()
        if not campaign.queue():
            return


def test_servers_that_misbehave_by_lot(stage, clock, watch, announce):
    announce |= {"account_failed", "delivery_dead", "alarm_failed"}
    print(f"SEKISHO_SEED={SEED}")
    campaign = Campaign(stage, clock)
    gateway = watch(campaign.district.start(clock))
    while campaign.sessions() < SESSIONS:
        campaign.turn()
    sessions, acknowledged = campaign.sessions(), len(campaign.sites)
    assert_nothing_is_lost(campaign)
    waiting = len(campaign.queue())
    dead = sum(delivery["state"] == "dead" for item in campaign.queue().values() for delivery in item["deliveries"])
    settle(campaign)

    copies = campaign.taken()
    repeated = sum(len(mails) - 1 for mails in copies.values())
    drawn = sum((lots.drawn for lots in campaign.lots.values()), collections.Counter())
    print(f"sessions {sessions}, {len(set(drawn) - {None})} of {len(set(LOTS))} kinds of mischief, {drawn[None]} sessions without; "
          f"acknowledged {acknowledged}; waiting {waiting}, dead deliveries {dead}; after all servers behaved: mails {len(copies)}, repeated {repeated}, "
          f"most copies of a mail {max(map(len, copies.values()))}, in the queue {len(campaign.queue())}")
    assert_copies_are_right(copies)
    assert not campaign.queue()
    assert campaign.clear() == {(word, recipient) for word in campaign.sites for recipient in ("owner@example.test", "desk@example.test")}
    ended = [line.text for line in gateway.lines() if line.event in ("role_ended", "session_ended")]
    assert not ended, ended
