"""As a service: with just the capabilities of the shipped unit, and a reload that cannot work changes nothing."""

import re

import pytest
import visitor
from gateway import Gateway
from scene import assert_sent, wait_mails
from stage import EXAMPLE, IS_ROOT
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
