"""Everything outlives a restart: keys, submissions, what waits."""

import subprocess

import visitor
from scene import assert_sent, wait_mails
from gateway import Gateway
from smtp import SmtpServer
from stage import wait_for
from web import Nginx


def test_a_restart_keeps_everything(stage, watch, announce):
    announce.add("account_failed")
    smtp = stage.add(SmtpServer(stage))
    gateway = watch(stage.add(Gateway(stage, smtp))).start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    for number in range(3):
        assert_sent(visitor.post_feedback(web, your_subject=f"再起動 {number}"))
    wait_for(lambda: all(item["deliveries"][0]["state"] == "deferred" for item in gateway.sekisho_json("queue")), "all mails deferred")
    before = {entry["receipt"] for entry in gateway.sekisho_json("submissions")}
    assert len(before) == 3 and gateway.stop() == 0

    smtp.start()
    gateway.start()
    assert {entry["receipt"] for entry in gateway.sekisho_json("submissions")} == before
    for item in gateway.sekisho_json("queue"):
        gateway.sekisho("queue", "retry", item["item"])
    mails = wait_mails(smtp, 3)
    assert {mail["Subject"].rsplit(" ", 1)[-1] for mail in mails} == {"0", "1", "2"}
    assert all(visitor.SAMPLE["your-message"] in mail.text for mail in mails)


def test_a_database_without_its_keys_is_not_opened(stage, smtp, gateway, web, announce):
    announce.add("internal")
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert gateway.stop() == 0
    keys = gateway.folder / "keys"
    keys.rename(gateway.folder / "keys-away")
    stage.folder("gateway/keys", mode=0o700)
    done = subprocess.run([str(word) for word in gateway.command()], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "put the keys back" in done.stderr
