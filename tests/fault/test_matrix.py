"""Every failure at every stage of a session (the table in mischief.py), by each way to a server, through the whole gateway: what becomes of the mail, what the operator
reads, and that everything arrives once the servers behave.

    SEKISHO_WAITS=1 ctest --test-dir build/asan -R '^fault.matrix' -V      also servers that hang and drip, at the gateway's real
                                                                           deadlines (30 s, 300 s): three quarters of an hour
"""

import collections
import os

import pytest
from district import District
from killing import processes
from mischief import OUTCOMES, WAITS, WAYS, WORDS, Mischief, MischiefServer, outcomes_of
from stage import wait_for

WITH_WAITS = os.environ.get("SEKISHO_WAITS") == "1"
STATES = {"sent": "sent", "permanent": "dead"}
ACCOUNT_FAILS = ("connect", "tls", "auth")
EARLY = ("connect", "greeting", "EHLO", "STARTTLS", "TLS", "EHLO2", "AUTH")
# The server has the mail and did not say so, or not so that it could be understood: only here a mail goes twice.
UNCLEAR = {("BODY", "garbage"), ("DOT", "garbage"), ("DOT", "before"), ("DOT", "hang"), ("DOT", "drip")}


def name_of(cell):
    return f"{cell[0]}-{cell[1]}.test".lower()


def make_server(certificate, cell, way):
    # So slow that no reply comes to its end before the gateway's deadlines.
    mischief = Mischief(*cell, drip_s=8)
    door = mischief.kind if mischief.stage == "connect" and mischief.kind != "before" else None
    return MischiefServer(certificate, lambda: mischief, door, way)


def words_of(cell):
    """What the operator must find of the server's words: all of a reply with a code, what can be shown of garbage."""
    stage, kind = cell
    if kind not in WORDS or stage in ("TLS", "QUIT") or OUTCOMES[cell] == "lost":
        return ""
    return "what?" if kind == "garbage" else WORDS[kind][4:]


def delivery_complaints(cell, delivery):
    outcome = OUTCOMES[cell]
    # A failing account is no attempt at the mail, but the queue says why it waits.
    expected = {"state": STATES.get(outcome, "deferred"), "attempts": int(outcome not in ACCOUNT_FAILS), "reason": None if outcome == "sent" else f"relay.{outcome}",
                "reply_code": {"sent": 250, "temporary": 451, "permanent": 554}.get(outcome, 0)}
    found = [f"{key} is {delivery[key]!r}" for key, value in expected.items() if delivery[key] != value]
    if words_of(cell) not in (delivery["server_text"] or ""):
        found.append(f"the server's words are {delivery['server_text']!r}")
    return found


def log_complaints(cell, lines):
    outcome = OUTCOMES[cell]
    own = [line for line in lines if line.pairs.get("site") == name_of(cell)]
    # A server that waits sees others tried again meanwhile: the first time is looked at.
    alarms = [line for line in own if line.event == "account_failed"][:1]
    deaths = [line for line in own if line.event == "delivery_dead"]
    found = []
    if [line.pairs["error"] for line in alarms] != ([f"relay.{outcome}"] if outcome in ACCOUNT_FAILS else []):
        found.append(f"alarms about the account: {[line.text for line in alarms]}")
    if alarms and (not alarms[0].pairs["reason"] or words_of(cell) not in alarms[0].pairs["server"]):
        found.append(f"not enough is said: {alarms[0].text}")
    if any(word in line.text for line in alarms for word in ("PIPELININX", "CHUNKINX")):
        found.append(f"a capability as the guard spoils it: {alarms[0].text}")
    if len(deaths) != (outcome == "permanent"):
        found.append(f"alarms about dead mail: {[line.text for line in deaths]}")
    return found


def mail_complaints(cell, server, words):
    """Each mail has come: once, and once more for each time that the server took it and did not say so."""
    copies = collections.defaultdict(list)
    for mail in server.taken:
        copies[mail.word].append(mail)
    found = [] if set(copies) == words else [f"there came {set(copies)}"]
    for word, mails in copies.items():
        if [mail.is_clear for mail in mails].count(True) != 1 or not mails[-1].is_clear:
            found.append(f"{word} came {len(mails)} times, clearly taken: {[mail.is_clear for mail in mails]}")
        if len({mail.identity for mail in mails}) != 1:
            found.append(f"{word} came under {[mail.identity for mail in mails]}")
        if len({mail.content for mail in mails}) != 1:
            found.append(f"{word} came with two contents")
    copies_too_many = len(server.taken) - len(words) - (cell in UNCLEAR)
    if copies_too_many < 0 or copies_too_many > 0 and cell[1] not in WAITS:
        found.append(f"{len(server.taken)} mails")
    return found


@pytest.fixture
def district(stage, clock, watch, announce, cells, way):
    # A killed session is told; none of these servers can crash one.
    announce |= {"account_failed", "delivery_dead", "alarm_failed"} | ({"session_ended"} if WITH_WAITS else set())
    certificate = stage.make_certificate("server", None, f"IP:{MischiefServer.HOST}")
    district = District(stage, {name_of(cell): make_server(certificate, cell, way) for cell in cells})
    watch(district.start(clock))
    return district


def assert_none(found):
    complaints = [f"{name_of(cell)}: {complaint}" for cell, list_of in found.items() for complaint in list_of]
    assert not complaints, "\n".join(complaints)


def first_outcomes(district, seconds):
    """Each site's delivery, as `sekisho queue --json` shows it once it was tried or put off."""
    found = {}

    def are_all_there():
        for item in district.queue("--all"):
            delivery, = item["deliveries"]
            if (delivery["attempts"] or delivery["reason"]) and delivery["state"] != "leased":
                found.setdefault(item["site"], delivery)
        return len(found) == len(district.servers)
    wait_for(are_all_there, lambda: f"outcomes of {set(district.servers) - set(found)}", seconds)
    return found


def those(way, is_early, waits):
    return [cell for cell in outcomes_of(way) if (cell[0] in EARLY) == is_early and (cell[1] in WAITS) == waits]


SETS = [pytest.param(way, those(way, is_early, waits), id=f"{way}-{'hanging-' if waits else ''}{'session' if is_early else 'mail'}")
        for way in WAYS for waits in ((False, True) if WITH_WAITS else (False,)) for is_early in (True, False)]


@pytest.mark.parametrize("way, cells", SETS)
def test_each_failure_at_each_stage(district, clock, cells):
    gateway = district.gateway
    district.post(lambda name: f"{name}.1")
    found = first_outcomes(district, 1500 if WITH_WAITS else 90)
    lines = gateway.lines()
    assert_none({cell: delivery_complaints(cell, found[name_of(cell)]) + log_complaints(cell, lines) for cell in cells})

    for server in district.servers.values():
        server.heal()
    # A session that still hangs must not lose its lease to the jump of the clock.
    wait_for(lambda: not processes(gateway.process.popen.pid, "session"), "the end of all sessions", 400)
    for item in district.queue():
        if item["deliveries"][0]["state"] == "dead":
            gateway.sekisho("queue", "retry", item["item"])
    clock.move(2 * 3600)
    # New submissions wake the courier.
    district.post(lambda name: f"{name}.2")
    district.wait_empty(400 if WITH_WAITS else 60)
    assert_none({cell: mail_complaints(cell, district.servers[name_of(cell)], {f"{name_of(cell)}.{number}" for number in (1, 2)}) for cell in cells})
    print(f"{len(cells)} failures, {sum(server.connections for server in district.servers.values())} sessions, "
          f"{sum(len(server.taken) for server in district.servers.values())} mails of {2 * len(cells)}")
