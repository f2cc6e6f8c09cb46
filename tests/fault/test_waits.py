"""Servers that hang and servers that drip, at each stage: the session is left at its deadline, and what had been settled stays settled. Here
with deadlines of seconds; test_matrix.py meets the gateway's own."""

import concurrent.futures
import time

import pytest

from mischief import OUTCOMES, WAITS, Mischief, MischiefServer

# Enough for a machine with other things to do; a server that waits does so for ever.
CONNECT_MS, LIFE_MS = 3000, 6000


def complaints(certificate, send, cell):
    stage, kind = cell
    mischief = Mischief(*cell)
    server = MischiefServer(certificate, lambda: mischief, kind if stage == "connect" else None).start()
    began = time.monotonic()
    try:
        result = send(server.port, host=server.HOST, connect_ms=CONNECT_MS, life_ms=LIFE_MS)
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
    return [f"{stage}-{kind}: {complaint}" for complaint in found]


@pytest.mark.parametrize("kind", WAITS)
def test_a_server_that_waits_is_left_at_the_deadline(certificate, send, kind):
    cells = [cell for cell in OUTCOMES if cell[1] == kind]
    assert len(cells) >= 11
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = sum(pool.map(lambda cell: complaints(certificate, send, cell), cells), [])
    assert not found, "\n".join(found)
