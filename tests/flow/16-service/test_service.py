"""As a service: with just the capabilities of the shipped unit, and a reload that cannot work changes nothing."""

import os
import pwd
import re
import shutil
import subprocess

import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, wait_mails
from stage import EXAMPLE, IS_ROOT, MAIL_USER, WEB_USER
from web import Nginx

UNIT = EXAMPLE.parent / "gateway" / "dist" / "sekishod.service"


@pytest.fixture
def gateway(stage, smtp, watch):
    return watch(stage.add(Gateway(stage, smtp)))


@pytest.mark.skipif(not IS_ROOT, reason="capabilities are root's")
def test_capabilities_of_the_unit_are_enough(stage, smtp, gateway):
    names = re.search(r"^CapabilityBoundingSet=(.*)$", UNIT.read_text(), re.M)[1].split()
    bounds = ",".join(["-all", *("+" + name.removeprefix("CAP_").lower() for name in names)])
    # As the unit has it: root, in no group but its own.
    gateway.start(["setpriv", "--bounding-set", bounds, "--clear-groups", "--no-new-privs", *gateway.command()])
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert gateway.stop() == 0


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user has no roles to lose")
@pytest.mark.parametrize("user", ["root", "nobody-of-that-name"])
def test_a_reload_that_cannot_work_changes_nothing(stage, smtp, gateway, announce, user):
    announce.add("reload_refused")
    gateway.start()
    web = stage.add(Nginx(stage, gateway.socket)).start()
    gateway.write_configuration(front_user=user)
    gateway.reload()
    gateway.wait_event("reload_refused")
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert gateway.stop() == 0


def ledger_folder(gateway):
    return gateway.folder / "data-courier"


def refusal(gateway):
    """What sekishod says instead of starting."""
    done = subprocess.run([str(word) for word in gateway.command()], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == os.EX_CONFIG, done.stderr
    return done.stderr


def test_keys_that_are_missing_are_made(stage, smtp, gateway):
    gateway.start()
    assert gateway.stop() == 0
    keys = gateway.folder / "keys"
    before = {path.name: path.read_text() for path in keys.iterdir()}
    assert set(before) == {"match.key", "vault.key", "vault.pub", "link.key", "link.pub"}
    (keys / "link.key").unlink()
    (keys / "link.pub").unlink()
    gateway.start()
    gateway.wait_event("keys_created", keys="link")
    after = {path.name: path.read_text() for path in keys.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"link.key", "link.pub"}
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user has no roles to lose")
def test_the_ledger_is_the_couriers_alone(gateway):
    gateway.start()
    assert gateway.stop() == 0
    folder, courier = ledger_folder(gateway), pwd.getpwnam(MAIL_USER).pw_uid
    for path, mode in ((folder, 0o700), (folder / "ledger.db", 0o600)):
        assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (mode, courier), path
    for command in ("cat", "touch"):
        done = subprocess.run(["setpriv", "--reuid", WEB_USER, "--regid", WEB_USER, "--init-groups", command, folder / "ledger.db"],
                              capture_output=True, text=True, check=False)
        assert done.returncode != 0 and "Permission denied" in done.stderr


def test_a_courier_directory_that_others_may_write_is_refused(gateway):
    folder = ledger_folder(gateway)
    folder.mkdir()
    if IS_ROOT:
        shutil.chown(folder, MAIL_USER)
    folder.chmod(0o770)
    assert "courier_directory: " in (said := refusal(gateway)) and "run: chmod 0700" in said
    assert "[gateway] courier_directory: " in gateway.sekisho("check", status=os.EX_CONFIG)
    folder.rmdir()
    folder.symlink_to(gateway.folder)
    assert "is no folder" in refusal(gateway)
    folder.unlink()
    if IS_ROOT:
        folder.mkdir(mode=0o700)
        shutil.chown(folder, WEB_USER)
        assert f"belongs to user {WEB_USER}" in refusal(gateway)


@pytest.mark.skipif(not IS_ROOT, reason="an ordinary user has no roles to lose")
@pytest.mark.parametrize("change", [{"courier_user": "daemon"}, {"courier_directory": "elsewhere"}], ids=["user", "folder"])
def test_a_reload_does_not_move_the_ledger(stage, smtp, gateway, announce, change):
    announce.add("reload_refused")
    gateway.start()
    gateway.write_configuration(**change)
    gateway.reload()
    reason = gateway.wait_event("reload_refused").pairs["reason"]
    assert "courier_directory" in reason or "data-courier belongs to user" in reason
    web = stage.add(Nginx(stage, gateway.socket)).start()
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
    assert gateway.stop() == 0
