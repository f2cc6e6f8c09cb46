"""Front, courier and sessions are killed with SIGKILL while visitors write. Then it is counted:

  - every submission that a visitor was told "sent" about is delivered or still waits: none is lost;
  - no submission is delivered under two Message-IDs;
  - a mail is delivered twice only where a kill can explain it: at most the mails of one session per kill.

The same with two accounts, of which the first fails by lot, so that mails are on their way from one to the other when the kill falls. There a server may also take a mail and not say so.
"""

import collections
import random

import visitor
from scene import assert_sent
from gateway import Gateway
from killing import Visitors, kill_one, wait_idle
from mischief import OUTCOMES, Mischief, MischiefServer
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


# --- Two accounts -----------------------------------------------------------------------------------------------------

# What fails for now: a mail, and now and then the account, which then rests, so that all goes by the other one.
MAIL_LOTS = [cell for cell, outcome in OUTCOMES.items() if outcome in ("temporary", "lost")]
ACCOUNT_LOTS = [cell for cell, outcome in OUTCOMES.items() if outcome in ("connect", "tls", "auth") and cell not in (("connect", "refuse"), ("connect", "hang"))]


def draw():
    """Two of three connections fail, each within a second."""
    if random.random() < 1 / 3:
        return None
    lots = ACCOUNT_LOTS if random.random() < 1 / 40 else MAIL_LOTS
    return Mischief(*random.choice(lots), message=random.randrange(3), patience_s=random.random(), drip_s=0.002)


def copies_of(servers, words):
    """Word of a submission -> what was taken of its mail, by whichever server."""
    copies = collections.defaultdict(list)
    for server in servers:
        for mail in server.taken:
            if mail.word in words:
                copies[mail.word].append(mail)
    return copies


def test_nothing_is_lost_between_accounts(stage, watch, clock, announce):
    announce |= {"role_ended", "session_ended", "account_failed"}
    certificate = stage.make_certificate("server", None, f"IP:{MischiefServer.HOST}")
    main, backup = (stage.add(MischiefServer(certificate, lots)).start() for lots in (draw, lambda: None))
    gateway = stage.add(Gateway(stage, main, accounts="main backup"))
    gateway.set_account("backup", backup)
    watch(gateway).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    with Visitors(web) as visitors:
        kills = run_rounds(gateway, visitors)
    acknowledged = visitors.acknowledged()
    main.heal()
    settle(gateway, web, clock)

    copies = copies_of((main, backup), set(visitors.answers))
    clear = {word: sum(mail.is_clear for mail in mails) for word, mails in copies.items()}
    twice = sum(count - 1 for count in clear.values() if count > 1)
    unclear = sum(not mail.is_clear for mails in copies.values() for mail in mails)
    print(f"kills {dict(kills)}, acknowledged {len(acknowledged)}, taken by main {len(main.taken)}, by backup {len(backup.taken)}, without a clear word {unclear}, "
          f"by both or again {twice}, waiting {len(queue(gateway))}")
    assert not queue(gateway)
    assert all(clear.get(word) for word in acknowledged), f"lost: {sorted(word for word in acknowledged if not clear.get(word))}"
    assert all(len({mail.identity for mail in mails}) == 1 for mails in copies.values()), "one submission under two Message-IDs"
    assert main.taken and len(backup.taken) > len(acknowledged) // 10
    assert twice <= (kills["courier"] + kills["session"]) * SESSION_MAILS
