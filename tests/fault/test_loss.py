"""Nothing acknowledged is lost, wherever the kill falls.

A campaign is a row of lives of one gateway. Each ends with a kill at one phase of a submission's way, while visitors write: by
turns the power of the whole machine (only what was synced is there afterwards), the same with some unsynced blocks surviving, and one
process alone (everything written is there). Then it is counted:

  - every submission that a visitor was told "sent" about is delivered or waits;
  - in no life a mail reaches its recipient twice, so a mail is delivered at most once more than it met kills;
  - it has the same Message-ID each time.

    SEKISHO_KILLS=200 ctest --test-dir build/asan -R '^fault.loss' -V       200 kills a phase; the default is 6
"""

import collections
import os
import random
import signal
import threading

import pytest
import visitor
from gateway import Gateway
from killing import Visitors, processes, wait_idle
from post_office import PostOffice
from power import PHASES, Power, data_folder, kill_all
from scene import assert_sent, unexpected
from stage import wait_for
from web import Nginx

KILLS = int(os.environ.get("SEKISHO_KILLS", "6"))
WAYS = ("power", "torn", "process")
# Past the end of every lease (LIMIT_LEASE_MS), so that each life meets what the last one left.
LEASE_SECONDS = 400
RECIPIENTS = "owner@example.test, desk@example.test"
MAIL_PHASES = {"at_data": "DATA", "at_content": "CONTENT", "after_dot": "DOT", "after_250": "250"}
# A session that dies before its first outcome counts against the account, because nobody can tell whose fault it was.
ANNOUNCED = {"role_ended", "session_ended", "account_failed"}


class Campaign:
    def __init__(self, stage, clock, phase, synchronous=None):
        self.stage, self.clock, self.phase = stage, clock, phase
        self.power = Power(stage, synchronous)
        self.office = stage.add(PostOffice(stage)).start()
        self.office.on_step = self.on_step
        self.gateway = stage.add(Gateway(stage, self.office))
        form = self.gateway.form_file("form.ini")
        form.write_text(form.read_text(encoding="utf-8").replace("owner@example.test", RECIPIENTS), encoding="utf-8")
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
        self.unexpected += unexpected(self.gateway.lines(), ANNOUNCED)
        self.gateway.log_path.unlink()
        if self.way != "process":
            self.power.restore(data_folder(self.gateway), self.random if self.way == "torn" else None)
        self.power.set(phase=0, is_cut=0, is_reached=0)

    def on_step(self, step):
        """In the mail server's thread. Kills at the step that this campaign is about."""
        if step != MAIL_PHASES.get(self.phase) or self.way is None:
            return
        self.countdown -= 1
        if self.countdown != 0:
            return
        if self.way == "process":
            role = self.random.choice(("session", "courier"))
            for pid in processes(self.gateway.process.popen.pid, role):
                os.kill(pid, signal.SIGKILL)
        else:
            self.power.set(is_cut=1)
        self.power.set(is_reached=1)

    def live(self, visitors, way):
        """From a start to a kill."""
        self.start()
        # Inside a commit it is the blocks that are counted, and one has several.
        self.way, self.countdown = way, self.random.randint(1, 40 if self.phase.startswith("in_") else 3)
        if self.phase in PHASES:
            self.power.arm(self.phase, self.countdown - 1, way != "process")
        else:
            self.power.set(is_reached=0)

        def is_reached():
            # Visitors write until it happens.
            if len(visitors.answers) >= visitors.wanted:
                visitors.wanted += 4
                visitors.ask(4)
            return self.power.get("is_reached")
        wait_for(is_reached, lambda: f"{self.phase}; the end of the log:\n{self.gateway.process.tail()}", 60)
        self.kills[way] += 1
        self.end()
        self.way = None

    def run(self, kills, ways=WAYS):
        with Visitors(self.web) as visitors:
            visitors.wanted = 0
            for number in range(kills):
                self.live(visitors, ways[number % len(ways)])
        return visitors.acknowledged()

    # --- the reckoning -------------------------------------------------------------------------------------------------

    def queue(self):
        return self.gateway.sekisho_json("queue", "--limit", "10000")

    def settle(self):
        """One more life, without a kill, until nothing waits."""
        self.start()
        waiting = len(self.queue())
        for _ in range(20):
            wait_idle(self.gateway)
            if not self.queue():
                break
            self.seconds += LEASE_SECONDS * 10
            self.clock.move(self.seconds)
            self.office.life += 1
            # A new submission wakes the courier.
            assert_sent(visitor.post_feedback(self.web, your_subject="試し end"))
        return waiting

    def count(self, acknowledged):
        waiting = self.settle()
        undelivered = acknowledged - self.office.words()
        open_items = len(self.queue())
        assert self.gateway.stop() == 0
        self.unexpected += unexpected(self.gateway.lines(), ANNOUNCED)
        copies = collections.Counter((mail.word, mail.recipient) for mail in self.office.taken if mail.word != "end")
        repeated = sum(copies.values()) - len(copies)
        print(f"{self.phase}: kills {dict(self.kills)}, acknowledged {len(acknowledged)}, mails {len(copies)}, waiting after the last kill {waiting}, "
              f"lost {len(undelivered)}, repeated {repeated}, most copies of a mail {max(copies.values(), default=0)}")
        return undelivered, open_items

    def assert_mails_are_right(self):
        per_life = collections.Counter((mail.word, mail.recipient, mail.life) for mail in self.office.taken if mail.word != "end")
        assert max(per_life.values()) == 1, [mail for mail, count in per_life.items() if count > 1]
        identities = collections.defaultdict(set)
        for mail in self.office.taken:
            if mail.word != "end":
                identities[mail.word].add(mail.identity)
        assert all(len(found) == 1 for found in identities.values()), "one mail under two Message-IDs"
        assert not self.unexpected, "lines that were not announced:\n" + "\n".join(self.unexpected)


def kill_at(stage, clock, phase):
    campaign = Campaign(stage, clock, phase)
    acknowledged = campaign.run(KILLS)
    lost, open_items = campaign.count(acknowledged)
    assert sum(campaign.kills.values()) == KILLS and acknowledged
    assert not lost and open_items == 0
    campaign.assert_mails_are_right()


@pytest.mark.parametrize("phase", ["before_commit", "in_commit", "after_commit", "before_answer", "after_answer"])
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
