"""A gateway whose contact form is verified by a captcha's service of ours, and a second form beside it that asks for no captcha."""

import shutil

import pytest
import visitor
from captcha_server import CaptchaServer
from gateway import QUIET_GATE, Gateway
from stage import IS_ROOT, WEB_USER
from web import Nginx

SECRET = "the-secret"
# Form 6: the contact form again, without captcha.
PLAIN = {"path": visitor.FEEDBACK.replace("/4/", "/6/"), "_wpcf7": "6", "_wpcf7_unit_tag": "wpcf7-f6-p7-o1"}


@pytest.fixture
def service(stage):
    certificate, key = stage.make_certificate("captcha", None, "IP:127.0.0.1")
    return stage.add(CaptchaServer(certificate, key)).start()


def add_plain_form(gateway):
    folder = gateway.form_file("")
    shutil.copytree(folder, folder.parent / "plain")
    ini = folder.parent / "plain" / "form.ini"
    text = ini.read_text(encoding="utf-8").replace("id = 4", "id = 6")
    ini.write_text(text + "\n[captcha]\nservice = none\n", encoding="utf-8")


@pytest.fixture
def stand(stage, smtp, watch, service, clock):
    """Gateway and nginx: `stand(captcha={...}, limit={...}, check={...})` adds to the site's settings, and `prepare` is called with the gateway before it starts."""
    def start(prepare=None, **groups):
        # The front's alone.
        secret = stage.write("gateway/captcha.secret", SECRET + "\n", mode=0o640 if IS_ROOT else 0o600)
        stage.give(secret, group=WEB_USER)
        captcha = {"service": "turnstile", "site_key": "key", "secret_file": secret, "endpoint": service.url, "ca_file": stage.authority, "hostnames": "none"}
        gate = {**QUIET_GATE, "captcha": captcha}
        for group, keys in groups.items():
            gate[group] = {**gate[group], **keys}
        gateway = watch(stage.add(Gateway(stage, smtp, gate=gate)))
        add_plain_form(gateway)
        if prepare:
            prepare(gateway)
        gateway.start(environment=clock.environment)
        return gateway, stage.add(Nginx(stage, gateway.socket)).start()
    return start
