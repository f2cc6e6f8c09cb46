"""A wrong password is the operator's alarm and never the mail's failure: corrected, what waited is delivered."""

import pytest
import visitor
from scene import assert_sent, wait_mails
from gateway import Gateway
from smtp import SmtpServer
from stage import wait_for
from web import Nginx


@pytest.fixture
def gateway(stage, smtp, watch, announce):
    announce.add("account_failed")
    return watch(stage.add(Gateway(stage, smtp, password="not-the-password"))).start()


def test_alarm_then_delivery(stage, smtp, gateway):
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    alarm = gateway.wait_event("account_failed")
    assert alarm.pairs["error"] == "relay.auth" and "not-the-password" not in gateway.log_path.read_text()
    item, = wait_for(lambda: [item for item in gateway.sekisho_json("queue") if item["deliveries"][0]["state"] == "deferred"], "the deferred mail")
    assert not smtp.mails()

    gateway.write_password(smtp.PASSWORD)
    gateway.sekisho("queue", "retry", item["item"])
    wait_mails(smtp, 1)
    assert smtp.is_tls_and_auth_used()
    wait_for(lambda: gateway.sekisho_json("submissions")[0]["mails_sent"] == 1, "the settled delivery")
    assert gateway.sekisho_json("queue") == []


def test_an_untrusted_certificate_sends_nothing(stage, smtp, watch, announce):
    announce.add("account_failed")
    other = stage.directory / "other.pem"
    stage.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", stage.directory / "other.key", "-out", other, "-subj", "/CN=other",
                  "-days", "2")
    other.chmod(0o644)
    gateway = watch(stage.add(Gateway(stage, smtp, account_main={"ca_file": other}))).start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    assert gateway.wait_event("account_failed").pairs["error"] == "relay.tls"
    assert not smtp.accepted() and smtp.PASSWORD not in smtp.log()


def test_a_certificate_of_another_name_sends_nothing(stage, watch, announce):
    announce.add("account_failed")
    smtp = stage.add(SmtpServer(stage, certificate_subject="DNS:elsewhere.example")).start()
    gateway = watch(stage.add(Gateway(stage, smtp))).start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    assert gateway.wait_event("account_failed").pairs["error"] == "relay.tls"
    assert not smtp.accepted()


def test_an_exposed_password_is_not_used(stage, smtp, watch, announce):
    announce |= {"mail_unusable", "account_failed"}
    gateway = watch(stage.add(Gateway(stage, smtp))).start()
    gateway.password_file.chmod(0o644)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    wait_for(lambda: [line for line in gateway.lines() if line.pairs.get("error") == "base.exposed"], "the alarm about the file's mode")
    assert not smtp.accepted()
    gateway.sekisho("check", status=78)
