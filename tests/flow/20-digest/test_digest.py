"""A flood of submissions: the owner gets a few mails one by one, then digests with the whole texts, and not one message is lost or told twice."""

import re
import time

import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, is_sent, post_many, wait_mails
from stage import wait_for
from web import Nginx

CEILING = 10
HOUR = 3600
WORDS = [f"{number:03}" for number in range(100)]


@pytest.fixture
def gateway(stage, smtp, watch, clock):
    return watch(stage.add(Gateway(stage, smtp, notices_per_hour=CEILING))).start(environment=clock.environment)


@pytest.fixture
def set_minutes(clock):
    """Sets the gateway's clock to so many minutes past the next full hour."""
    start = (time.time() // HOUR + 1) * HOUR
    def move(minutes):
        clock.move(start + minutes * 60 + 1 - time.time())
    move(1)
    return move


def states(gateway):
    """How many deliveries are in which state, by reason."""
    found = {}
    for item in gateway.sekisho_json("queue", "--all", "--limit", "1000"):
        for delivery in item["deliveries"]:
            key = (delivery["state"], delivery["reason"])
            found[key] = found.get(key, 0) + 1
    return found


def wait_states(gateway, expected):
    wait_for(lambda: states(gateway) == expected, lambda: f"{expected}; the queue has {states(gateway)}", 60)


def test_a_flood(set_minutes, gateway, stage, smtp):
    web = stage.add(Nginx(stage, gateway.socket)).start()
    answers = post_many(web, WORDS)
    assert all(is_sent(answer) for answer in answers.values())
    wait_states(gateway, {("sent", None): 10, ("deferred", "collapsed"): 90})
    singles = wait_mails(smtp, CEILING)
    assert all(str(mail["Subject"]).rsplit(" ", 1)[-1] in WORDS for mail in singles)

    set_minutes(15)
    wait_states(gateway, {("sent", None): 10, ("sent", "digest"): 50, ("deferred", "collapsed"): 40})
    set_minutes(30)
    wait_states(gateway, {("sent", None): 10, ("sent", "digest"): 90})
    mails = wait_mails(smtp, CEILING + 2)
    digests = sorted((mail for mail in mails if ".digest." in mail["Message-ID"]), key=lambda mail: len(mail.text))
    assert [str(mail["Subject"]) for mail in digests] == [f"[見本商店] フォーム「お問い合わせ」から{count}件の送信がありました" for count in (40, 50)]
    for mail in digests:
        print(f"From: {mail['From']}\nSubject: {mail['Subject']}\n\n{mail.text[:3000]}")
        assert mail["From"] == "見本商店 <form@example.test>" and mail["Reply-To"] is None
    found = [str(mail["Subject"]).rsplit(" ", 1)[-1] for mail in singles]
    for mail in digests:
        found += re.findall(r"^件名: .*見積もり (\d{3})$", mail.text, re.MULTILINE)
        assert mail.text.count(f"\n返信先: {visitor.SAMPLE['your-email']}\n") == mail.text.count("\n========")
        assert mail.text.count(f"\n  {visitor.SAMPLE['your-message'].splitlines()[1]}\n") == mail.text.count("\n========")
    assert sorted(found) == WORDS

    receipt = re.search(r"^受付番号: (\S+)$", digests[0].text, re.MULTILINE)[1]
    assert "in one mail with others" in gateway.sekisho("submissions", "show", receipt)


def test_a_site_below_its_ceiling_sees_nothing(set_minutes, gateway, stage, smtp):
    web = stage.add(Nginx(stage, gateway.socket)).start()
    for number in range(CEILING):
        assert_sent(visitor.post_feedback(web, your_subject=f"静か {number}"))
    assert all(".notice.0@" in mail["Message-ID"] for mail in wait_mails(smtp, CEILING))
    wait_states(gateway, {("sent", None): CEILING})
