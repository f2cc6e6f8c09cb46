"""The mail server is down when visitors write: they are told "sent", which is true, and the mails go out once it is up."""

import visitor
from scene import assert_sent, wait_mails
from gateway import Gateway
from smtp import SmtpServer
from stage import wait_for
from web import Nginx


def test_acknowledged_now_delivered_later(stage, watch, clock, announce):
    announce.add("account_failed")
    smtp = stage.add(SmtpServer(stage))
    gateway = watch(stage.add(Gateway(stage, smtp))).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    for number in range(3):
        assert_sent(visitor.post_feedback(web, your_subject=f"待ち {number}"))
    wait_for(lambda: all(item["deliveries"][0]["state"] == "deferred" for item in gateway.sekisho_json("queue")), "all mails deferred")
    assert len(gateway.sekisho_json("queue")) == 3

    smtp.start()
    clock.move(2 * 3600)
    # A new submission wakes the courier, which then sees that the earlier mails are due.
    assert_sent(visitor.post_feedback(web, your_subject="待ち 3"))
    mails = wait_mails(smtp, 4)
    assert len({mail["Message-ID"] for mail in mails}) == 4
    wait_for(lambda: not gateway.sekisho_json("queue"), "the empty queue")


def test_a_refused_recipient_ends_as_dead_with_the_servers_words(stage, watch, announce):
    announce.update(("delivery_dead", "alarm_failed"))
    smtp = stage.add(SmtpServer(stage, recipient_rules="deny message = no such box\n       recipients = owner@example.test")).start()
    gateway = watch(stage.add(Gateway(stage, smtp))).start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    gateway.wait_event("delivery_dead")
    submission = gateway.sekisho_json("submissions")[0]
    assert submission["mails_dead"] == 1 and submission["mails_waiting"] == 0
    shown = gateway.sekisho("submissions", "show", submission["receipt"])
    assert "no such box" in shown and "550" in shown


def test_a_temporary_refusal_is_tried_again(stage, watch, clock):
    smtp = stage.add(SmtpServer(stage, recipient_rules="defer message = come back later\n       condition = ${if exists{%s}}" % (stage.directory / "busy")))
    (stage.directory / "busy").touch()
    smtp.start()
    gateway = watch(stage.add(Gateway(stage, smtp))).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    item, = wait_for(lambda: [item for item in gateway.sekisho_json("queue") if item["deliveries"][0]["state"] == "deferred"], "the deferred mail")
    assert item["deliveries"][0]["reply_code"] // 100 == 4 and "come back later" in item["deliveries"][0]["server_text"]
    (stage.directory / "busy").unlink()
    clock.move(2 * 3600)
    assert_sent(visitor.post_feedback(web, your_subject="次"))
    wait_mails(smtp, 2)
