"""Nothing acknowledged is lost, wherever the kill falls.

A campaign is a row of lives of one gateway. Each ends with a kill at one phase of a submission's way, while visitors write: by
turns the power of the whole machine (only what was synced is there afterwards), the same with some unsynced blocks surviving, and one
process alone (everything written is there). Then it is counted:

  - every submission that a visitor was told "sent" about is delivered or waits: its notices, and the reply of one whose address is proved;
  - a link whose press was thanked for is not lost: its reply goes out;
  - in no life a mail reaches its recipient twice, so a mail is delivered at most once more than it met kills;
  - it has the same Message-ID each time, so nobody is asked for consent by a second confirmation.

    SEKISHO_KILLS=200 ctest --test-dir build/asan -R '^fault.loss' -V       200 kills a phase; the default is 6
"""

import collections
import os
import random
import re
import signal
import threading
import time

import pytest
import visitor
from answering import AWAY, HOME, Presser, address_of, let_reply, word_of
from gateway import Gateway
from killing import Visitors, processes, wait_idle
from post_office import PostOffice
from power import PHASES, Power, kill_all
from scene import assert_sent, unexpected
from stage import wait_for
from web import Nginx

KILLS = int(os.environ.get("SEKISHO_KILLS", "6"))
WAYS = ("power", "torn", "process")
# Past the end of every lease (LIMIT_LEASE_MS), so that each life meets what the last one left.
LEASE_SECONDS = 400
RECIPIENTS = ("owner@example.test", "desk@example.test")
# What many lives left behind takes its time.
IDLE_SECONDS = 120 + 5 * KILLS
FRONT_PHASES = ["before_commit", "in_commit", "after_commit", "before_answer", "after_answer"]
MAIL_PHASES = {"at_data": "DATA", "at_content": "CONTENT", "after_dot": "DOT", "after_250": "250"}
# A session that dies before its first outcome counts against the account, because nobody can tell whose fault it was.
ANNOUNCED = {"role_ended", "session_ended", "account_failed"}

# The leak checker's, where a process that was just ending is killed under it.
KILLED_CHECK = re.compile(r"==\d+==Unable to get registers from thread \d+\.$")


class Campaign:
    def __init__(self, stage, clock, phase, synchronous=None):
        self.stage, self.clock, self.phase = stage, clock, phase
        self.power = Power(stage, synchronous)
        self.office = stage.add(PostOffice(stage)).start()
        self.office.on_step = self.on_step
        self.gateway = stage.add(Gateway(stage, self.office))
        form = self.gateway.form_file("form.ini")
        form.write_text(form.read_text(encoding="utf-8").replace("owner@example.test", ", ".join(RECIPIENTS)), encoding="utf-8")
        let_reply(self.gateway)
        self.presser = Presser(self.office, self.on_thanks)
        self.web = stage.add(Nginx(stage, self.gateway.socket)).start()
        self.random = random.Random(phase)
        self.kills, self.unexpected, self.seconds = collections.Counter(), [], 0
        self.way, self.countdown = None, 0

    # --- one life ------------------------------------------------------------------------------------------------------

    def start(self):
        self.seconds += LEASE_SECONDS
        self.clock.move(self.seconds)
        self.office.life += 1
        self.gateway.start(environment={**self.clock.environment, **self.power.environment})

    def end(self):
        """Kills what is left; if the power was cut, the disk is all that remains."""
        kill_all(self.gateway, self.power)
        self.unexpected += [line for line in unexpected(self.gateway.lines(), ANNOUNCED) if not KILLED_CHECK.match(line)]
        self.gateway.log_path.unlink()
        if self.way != "process":
            self.power.restore(self.gateway, self.random if self.way == "torn" else None)
        self.power.set(phase=0, is_cut=0, is_reached=0)

    def on_step(self, step):
        """In the mail server's thread. Kills at the step that this campaign is about."""
        if step == MAIL_PHASES.get(self.phase):
            self.strike(("session", "courier"))

    def on_thanks(self):
        """In the presser's thread."""
        if self.phase == "after_thanks":
            self.strike(("front", "courier"))

    def strike(self, roles):
        """Kills, if it is this time that the life is to end."""
        if self.way is None:
            return
        self.countdown -= 1
        if self.countdown != 0:
            return
        if self.way == "process":
            role = self.random.choice(roles)
            for pid in processes(self.gateway.process.popen.pid, role):
                os.kill(pid, signal.SIGKILL)
        else:
            self.power.set(is_cut=1)
        self.power.set(is_reached=1)

    def most_times(self):
        """How often the phase may be passed before the kill. Inside a commit it is the blocks that are counted, and one has several; a mail has
        several commits of the ledger, and those of presses come late."""
        return 40 if self.phase.startswith("in_") else 20 if self.phase.endswith("_ledger") else 3

    def live(self, visitors, way):
        """From a start to a kill."""
        self.start()
        self.way, self.countdown = way, self.random.randint(1, self.most_times())
        if self.phase in PHASES:
            self.power.arm(self.phase, self.countdown - 1, way != "process")
        else:
            self.power.set(is_reached=0)

        asked_at = 0.0

        def is_reached():
            # Visitors write until it happens; where it is mails that count, not as fast as they can.
            nonlocal asked_at
            if len(visitors.answers) >= visitors.wanted and time.monotonic() - asked_at > (0 if self.phase in FRONT_PHASES else 0.5):
                asked_at = time.monotonic()
                visitors.wanted += 4
                visitors.ask(4)
            return self.power.get("is_reached")
        wait_for(is_reached, lambda: f"{self.phase}; the end of the log:\n{self.gateway.process.tail()}", 60)
        self.kills[way] += 1
        self.end()
        self.way = None

    def run(self, kills, ways=WAYS):
        with self.presser, Visitors(self.web, address_of=address_of) as visitors:
            visitors.wanted = 0
            for number in range(kills):
                self.live(visitors, ways[number % len(ways)])
        return visitors.acknowledged()

    # --- the reckoning -------------------------------------------------------------------------------------------------

    def queue(self):
        return self.gateway.sekisho_json("queue", "--limit", "10000")

    def settle(self):
        """One more life, without a kill, until nothing waits and every link was pressed."""
        self.start()
        waiting = len(self.queue())
        with Presser(self.office, thanked=self.presser.thanked) as presser:
            for _ in range(20):
                wait_idle(self.gateway, IDLE_SECONDS)
                presser.wait()
                wait_idle(self.gateway, IDLE_SECONDS)
                if not self.queue():
                    break
                self.seconds += LEASE_SECONDS * 10
                self.clock.move(self.seconds)
                self.office.life += 1
                # A new submission wakes the courier.
                assert_sent(visitor.post_feedback(self.web, your_subject="試し end", your_email=f"end@{HOME}"))
        return waiting

    def mails(self):
        return [mail for mail in self.office.taken if word_of(mail) != "end"]

    def missing(self, acknowledged):
        """(word, recipient) of what was promised and did not come. In the end all who were asked have pressed."""
        promised = {(word, recipient) for word in acknowledged for recipient in (*RECIPIENTS, address_of(word))}
        promised |= {(address.split("@")[0], address) for address in self.presser.thanked}
        return promised - {(word_of(mail), mail.recipient) for mail in self.mails() if mail.kind in ("notice", "reply")}

    def count(self, acknowledged):
        waiting = self.settle()
        undelivered = self.missing(acknowledged)
        open_items = len(self.queue())
        assert self.gateway.stop() == 0
        self.unexpected += unexpected(self.gateway.lines(), ANNOUNCED)
        copies = collections.Counter((mail.identity, mail.recipient) for mail in self.mails())
        kinds = collections.Counter(mail.kind for mail in {(mail.identity, mail.recipient): mail for mail in self.mails()}.values())
        repeated = sum(copies.values()) - len(copies)
        print(f"{self.phase}: kills {dict(self.kills)}, acknowledged {len(acknowledged)}, mails {dict(kinds)}, thanked while killing {len(self.presser.thanked)}, "
              f"waiting after the last kill {waiting}, lost {len(undelivered)}, repeated {repeated}, most copies of a mail {max(copies.values(), default=0)}")
        return undelivered, open_items

    def assert_mails_are_right(self):
        per_life = collections.Counter((mail.identity, mail.recipient, mail.life) for mail in self.mails())
        assert max(per_life.values()) == 1, [mail for mail, count in per_life.items() if count > 1]
        identities = collections.defaultdict(set)
        for mail in self.mails():
            identities[word_of(mail), mail.kind].add(mail.identity)
        assert all(len(found) == 1 for found in identities.values()), "one mail under two Message-IDs"
        asked = {mail.recipient for mail in self.mails() if mail.kind == "confirmation"}
        assert asked and {address.split("@")[1] for address in asked} == {AWAY}, "somebody was asked who is at home"
        assert not self.unexpected, "lines that were not announced:\n" + "\n".join(self.unexpected)


def kill_at(stage, clock, phase):
    campaign = Campaign(stage, clock, phase)
    acknowledged = campaign.run(KILLS)
    lost, open_items = campaign.count(acknowledged)
    assert sum(campaign.kills.values()) == KILLS and acknowledged
    assert not lost and open_items == 0
    campaign.assert_mails_are_right()


@pytest.mark.parametrize("phase", FRONT_PHASES)
class TestFront:
    def test_kill(self, stage, clock, phase):
        kill_at(stage, clock, phase)


@pytest.mark.parametrize("phase", list(MAIL_PHASES))
class TestMail:
    def test_kill(self, stage, clock, phase):
        kill_at(stage, clock, phase)


@pytest.mark.parametrize("phase", ["before_settle", "in_settle", "after_settle"])
class TestSettle:
    def test_kill(self, stage, clock, phase):
        kill_at(stage, clock, phase)


# Charges, their outcomes, and proofs.
@pytest.mark.parametrize("phase", ["before_ledger", "in_ledger", "after_ledger", "after_thanks"])
class TestLedger:
    def test_kill(self, stage, clock, phase):
        kill_at(stage, clock, phase)


class TestInstrument:
    """The same campaign over a program that is careless sees its losses; so silence above means something."""

    @pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
    def test_a_program_that_does_not_sync_its_commits_loses_submissions(self, stage, clock, synchronous):
        campaign = Campaign(stage, clock, "after_answer", synchronous)
        # A mail that left before the cut would save its submission: none leaves.
        is_over = threading.Event()
        campaign.office.on_step = lambda name: is_over.wait()
        acknowledged = campaign.run(3, ("power",))
        is_over.set()
        lost, _open = campaign.count(acknowledged)
        assert lost, f"with synchronous={synchronous} every acknowledged submission survived three power cuts"
