"""Servers that hang and servers that drip, at each stage: the session is left at its deadline, and what had been settled stays settled. Here
with deadlines of seconds; test_matrix.py meets the gateway's own."""

import concurrent.futures
import time

import pytest

from mischief import OUTCOMES, WAITS, WAYS, Mischief, MischiefServer, outcomes_of

# Enough for a machine with other things to do; a server that waits does so for ever.
CONNECT_MS, LIFE_MS = 4000, 7000
OPTIONS = {"curl": {"transport": "curl"}, "esmtp": {"transport": "esmtp"}, "465": {"transport": "curl", "security": "tls"}}


def complaints(certificate, send, cell, way):
    stage, kind = cell
    mischief = Mischief(*cell)
    server = MischiefServer(certificate, lambda: mischief, kind if stage == "connect" else None, way).start()
    began = time.monotonic()
    try:
        result = send(server.port, host=server.HOST, connect_ms=CONNECT_MS, life_ms=LIFE_MS, **OPTIONS[way])
    finally:
        server.stop()
    found = []
    if OUTCOMES[cell] == "connect":
        if [account[0] for account in result.accounts] != ["relay.connect"] or "too long" not in result.accounts[0][1] or result.open != {0}:
            found.append(f"not the watchdog's report: {vars(result)}")
    elif OUTCOMES[cell] == "sent":
        if result.names() != {0: "sent"} or result.accounts:
            found.append(f"not sent: {vars(result)}")
    elif result.outcomes or result.accounts or result.open != {0} or "killed" not in (result.trouble or ""):
        found.append(f"not killed: {vars(result)}")
    if time.monotonic() - began > 30:
        found.append(f"it took {time.monotonic() - began:.0f} s")
    return [f"{way} {stage}-{kind}: {complaint}" for complaint in found]


# One test each for all ways, because its time is the waiting.
@pytest.mark.parametrize("kind", WAITS)
@pytest.mark.transports("curl")
def test_a_server_that_waits_is_left_at_the_deadline(certificate, send, kind):
    cases = [(cell, way) for way in WAYS for cell in outcomes_of(way) if cell[1] == kind]
    assert len(cases) >= 31
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        found = sum(pool.map(lambda case: complaints(certificate, send, *case), cases), [])
    assert not found, "\n".join(found)
