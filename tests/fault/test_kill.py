"""Front, courier and sessions are killed with SIGKILL while visitors write. Then it is counted:

  - every submission that a visitor was told "sent" about is delivered or still waits: none is lost;
  - no submission is delivered under two Message-IDs;
  - a mail is delivered twice only where a kill can explain it: at most the mails of one session per kill.
"""

import collections

import visitor
from scene import assert_sent
from gateway import Gateway
from killing import Visitors, kill_one, wait_idle
from stage import wait_for
from web import Nginx

ROUNDS = 12
SUBMISSIONS_PER_ROUND = 40
VICTIMS = ("front", "courier", "session")
# LIMIT_SESSION_MAILS: a kill after the server's 250 and before the courier wrote it down repeats at most these.
SESSION_MAILS = 50
# Past the end of every lease (LIMIT_LEASE_MS) and of the first delays.
LEASE_SECONDS = 900


def run_rounds(gateway, visitors):
    """Kills while visitors write: each round after a third of its submissions."""
    kills = collections.Counter()
    for number in range(ROUNDS):
        role = VICTIMS[number % len(VICTIMS)]
        answered, before = len(visitors.answers), len(gateway.lines())
        visitors.ask(SUBMISSIONS_PER_ROUND)
        wait_for(lambda: len(visitors.answers) >= answered + SUBMISSIONS_PER_ROUND // 3, "a third of the round's answers", 60)
        kill_one(gateway, role)
        kills[role] += 1
        if role != "session":
            gateway.wait_event("started", role=role, after=before, seconds=60)
        wait_for(lambda: len(visitors.answers) >= answered + SUBMISSIONS_PER_ROUND, "all answers of the round", 60)
    return kills


def queue(gateway):
    return gateway.sekisho_json("queue", "--limit", "10000")


def read_mails(smtp):
    """Word of the submission -> Message-IDs of its delivered mails, one entry per mail."""
    delivered = collections.defaultdict(list)
    for mail in smtp.mails():
        delivered[mail["Subject"].rsplit(" ", 1)[-1]].append(mail["Message-ID"])
    return delivered


def settle(gateway, web, clock):
    """Moves the clock past leases and delays, until nothing waits in the queue."""
    for step in range(1, 8):
        wait_idle(gateway)
        if not queue(gateway):
            return
        before = len(gateway.lines())
        clock.move(step * LEASE_SECONDS)
        # A new submission wakes the courier.
        assert_sent(visitor.post_feedback(web, your_subject=f"試し end{step}"))
        gateway.wait_event("delivery", after=before, seconds=60)


def test_nothing_acknowledged_is_lost(stage, smtp, watch, clock, announce):
    # A session that dies before its first outcome counts against the account, because nobody can tell whose fault it was.
    announce |= {"role_ended", "session_ended", "account_failed"}
    gateway = watch(stage.add(Gateway(stage, smtp))).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    with Visitors(web) as visitors:
        kills = run_rounds(gateway, visitors)
    acknowledged = visitors.acknowledged()
    settle(gateway, web, clock)

    delivered = read_mails(smtp)
    waiting = len(queue(gateway))
    duplicates = sum(len(ids) - 1 for ids in delivered.values())
    lost = acknowledged - set(delivered)
    print(f"kills {dict(kills)}, posted {len(visitors.answers)}, acknowledged {len(acknowledged)}, delivered {len(delivered)}, "
          f"waiting {waiting}, lost {len(lost)}, delivered twice {duplicates}")
    assert sum(kills.values()) == ROUNDS and len(acknowledged) >= ROUNDS * 10
    assert len(lost) <= waiting, f"acknowledged, not delivered and not waiting: {sorted(lost)}"
    assert not waiting
    assert all(len(set(ids)) == 1 for ids in delivered.values()), "one submission under two Message-IDs"
    assert duplicates <= (kills["courier"] + kills["session"]) * SESSION_MAILS
