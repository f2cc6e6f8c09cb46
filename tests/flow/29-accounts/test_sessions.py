"""One session carries many mails, as the servers' own logs count them."""

import pytest
from scene import post_many, subject_words

COUNT = 40


@pytest.mark.parametrize(("kind", "transport"), [(kind, transport) for kind in ("exim", "postfix") for transport in ("curl", "esmtp")])
def test_a_session_carries_what_waits(make_server, sender, announce, kind, transport):
    announce.add("account_failed")
    server = make_server(kind)
    sender = sender(server, transport=transport, connections=1).start()
    server.stop()
    words = [str(number) for number in range(COUNT)]
    post_many(sender.web, words)
    sender.wait_deferred(COUNT)
    server.start()
    sender.clock.move(2 * 3600)
    sender.post("last")
    sender.assert_arrives(server, COUNT + 1)
    assert sorted(subject_words(server)) == sorted([*words, "last"])
    print(f"mails of each session: {server.sessions()}")
    # 41 mails are less than a session may carry (LIMIT_SESSION_MAILS); those not yet due together may need a second or third.
    assert sum(server.sessions()) == COUNT + 1 and len(server.sessions()) <= 3
