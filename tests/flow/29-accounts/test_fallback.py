"""Two accounts at two servers: what the first cannot take goes by the second at once, and what a server refuses for good goes nowhere else."""

import pytest
from scene import subject_words, wait_mails
from stage import wait_for

HOUR = 3600


def words_at(server):
    return sorted(subject_words(server))


@pytest.fixture
def failing(announce):
    announce.add("account_failed")


def test_the_first_account_is_used_while_it_works(postfix, exim, sender):
    sender = sender(postfix, exim).start()
    sender.post("一", "二")
    sender.assert_arrives(postfix, 2)
    assert not exim.accepted()


def break_server(sender, postfix):
    postfix.stop()


def break_password(sender, postfix):
    sender.gateway.set_account("main", postfix, password_file=sender.gateway.write_secret("old.password", "not-the-password"))


def break_pin(sender, postfix):
    sender.gateway.set_account("main", postfix, pins="sha256//" + "A" * 43 + "=")


def break_secret(sender, postfix):
    sender.gateway.set_account("main", postfix, password_file=sender.gateway.folder / "missing.password")


BREAKS = {"relay.connect": break_server, "relay.auth": break_password, "relay.tls": break_pin, "base.io": break_secret}


@pytest.mark.parametrize("error", BREAKS)
def test_what_the_first_account_cannot_take_goes_by_the_second(postfix, exim, sender, failing, announce, error):
    sender = sender(postfix, exim)
    BREAKS[error](sender, postfix)
    if error == "base.io":
        announce.add("mail_unusable")
    sender.start().post("一", "二", "三")
    # Nobody moves the clock: within the seconds of wait_mails, and not after a rest.
    sender.assert_arrives(exim, 3)
    assert words_at(exim) == sorted(["一", "二", "三"]) and not postfix.accepted()
    assert sender.gateway.wait_event("account_failed", account="main").pairs["error"] == error


def test_the_first_account_is_used_again_when_it_has_rested(postfix, exim, sender, failing):
    sender = sender(postfix, exim).start()
    postfix.stop()
    sender.post("一")
    sender.assert_arrives(exim)
    postfix.start()
    sender.clock.move(2 * HOUR)
    sender.post("二")
    sender.assert_arrives(postfix)
    assert words_at(exim) == ["一"] and words_at(postfix) == ["二"]


def test_both_down_and_each_mail_comes_once(postfix, exim, sender, failing):
    sender = sender(postfix, exim).start()
    postfix.stop()
    exim.stop()
    sender.post("一", "二", "三")
    sender.wait_deferred(3)
    for account in ("main", "backup"):
        sender.gateway.wait_event("account_failed", account=account)
    exim.start()
    sender.clock.move(2 * HOUR)
    sender.post("四")
    sender.assert_arrives(exim, 4)
    assert words_at(exim) == sorted(["一", "二", "三", "四"]) and not postfix.accepted()


def test_what_a_person_orders_is_tried_by_each_account_that_rests(postfix, exim, sender, failing):
    sender = sender(postfix, exim).start()
    postfix.stop()
    exim.stop()
    sender.post("一")
    sender.wait_deferred()
    # Only the second one is back.
    exim.start()
    sender.gateway.sekisho("queue", "flush")
    sender.assert_arrives(exim)


def test_put_off_by_the_first_its_next_try_goes_by_the_second(make_server, exim, sender):
    postfix = make_server("postfix", recipient_rules="check_recipient_access static:{450 4.7.1 come back later}")
    sender = sender(postfix, exim).start()
    sender.post("一")
    delivery, = sender.wait_deferred()
    assert delivery["reply_code"] == 450 and delivery["server_text"].startswith("4.7.1 ") and "come back later" in delivery["server_text"]
    assert not exim.accepted()
    sender.clock.move(2 * HOUR)
    # It wakes the courier, and its own first try is at the first account again.
    sender.post("二")
    wait_mails(exim, 1)
    sender.wait_deferred()
    assert words_at(exim) == ["一"] and not postfix.mails()
    tries = [(event["account"], event["state"], event["reply_code"]) for event in sender.events("sent")]
    assert tries == [("main", "deferred", 450), ("backup", "sent", 250)], tries


def test_refused_for_good_it_goes_nowhere_else_and_somebody_hears_of_it(make_server, exim, sender, announce):
    announce.update(("delivery_dead", "alarm_failed"))
    # Another mailbox than the one that alarms go to.
    rules = "check_recipient_access inline:{{gone@example.test = 550 5.1.1 no such box}}"
    postfix = make_server("postfix", recipient_rules=rules)
    sender = sender(postfix, exim)
    sender.set_recipient("gone@example.test")
    sender.start().post()
    sender.gateway.wait_event("delivery_dead")
    alarm, = wait_mails(postfix, 1)
    assert alarm["To"] == "owner@example.test" and "sekisho queue retry" in alarm.text
    sender.clock.move(2 * HOUR)
    shown = sender.shown()
    assert "550 5.1.1" in shown and "no such box" in shown
    tries = [(event["account"], event["state"], event["reply_code"]) for event in sender.events("dead")]
    assert tries == [("main", "dead", 550)] and not exim.accepted()


def test_what_is_beyond_the_rate_of_the_first_goes_by_the_second(postfix, exim, sender):
    sender = sender(postfix, exim, rate="2/1h").start()
    sender.post(*"一二三四五")
    wait_for(lambda: len(postfix.mails()) + len(exim.mails()) == 5, "five mails")
    sender.wait_settled()
    assert len(postfix.mails()) == 2 and len(exim.mails()) == 3
    assert sorted(words_at(postfix) + words_at(exim)) == sorted("一二三四五")


def test_a_restart_does_not_forget_the_rate(postfix, exim, sender):
    sender = sender(postfix, exim, rate="2/1h").start()
    sender.post("一", "二")
    sender.assert_arrives(postfix, 2)
    assert sender.gateway.stop() == 0
    sender.gateway.start(environment=sender.clock.environment)
    sender.post("三")
    sender.assert_arrives(exim)
    sender.clock.move(2 * HOUR)
    sender.post("四")
    sender.assert_arrives(postfix, 3)
