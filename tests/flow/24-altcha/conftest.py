"""The example page with the widget of ALTCHA as npm ships it, and a gateway whose form asks for it."""

import os
import pathlib
import shutil

import pytest
from browser import Browser
from gateway import QUIET_GATE, Gateway
from stage import wait_for
from web import Nginx

# A phone's second is too long for a test: a tenth of it.
COST = 5
SCRIPT = """<link rel="stylesheet" href="/altcha/external/altcha.css">
<script type="module">
import "/altcha/external/altcha.js";
$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker("/altcha/workers/pbkdf2.js"));
$altcha.algorithms.set("SHA-256", () => new Worker("/altcha/workers/sha.js"));
</script>
</head>"""
WIDGET = '<div class="field"><altcha-widget challenge="/sekisho/altcha?form=4{version}" name="altcha"></altcha-widget></div>\n\n<div class="send">'


class Page:
    """The form in the browser."""

    def __init__(self, browser):
        self.browser = browser

    def open(self, url):
        self.browser.open(url, 1280, "light")
        self.browser.wait("altcha-widget input[type=checkbox]")
        return self

    def payload(self):
        """What the widget has put into the form; "" before it is solved."""
        return self.browser.run("return document.querySelector('input[name=altcha]')?.value || ''")

    def tick(self):
        """A visitor ticks the box, and the browser works."""
        self.browser.run("document.querySelector('altcha-widget input[type=checkbox]').click()")
        return wait_for(self.payload, "the widget's solution", 30)

    def send(self, values, status):
        self.browser.fill(values)
        self.browser.find(".wpcf7-submit").click()
        self.browser.wait(f"form[data-status={status}]")
        return self.browser.find(".wpcf7-response-output").text


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def gateway(stage, smtp, watch):
    gate = {**QUIET_GATE, "captcha": {"service": "altcha", "altcha_cost": COST}}
    return watch(stage.add(Gateway(stage, smtp, gate=gate))).start()


@pytest.fixture
def web(stage, gateway):
    """nginx with the shipped snippets, started; version 1 of the protocol at /contact/old.html."""
    web = stage.add(Nginx(stage, gateway.socket))
    contact = stage.directory / "page" / "contact"
    text = (contact / "index.html").read_text(encoding="utf-8").replace("</head>", SCRIPT)
    for name, version in ("index.html", ""), ("old.html", "&amp;v=1"):
        (contact / name).write_text(text.replace('<div class="send">', WIDGET.format(version=version)), encoding="utf-8")
    package = pathlib.Path(os.environ["SEKISHO_ALTCHA"])
    for folder in "external", "workers":
        shutil.copytree(package / "dist" / folder, stage.directory / "page" / "altcha" / folder)
    return web.start()


@pytest.fixture
def page(chromium):
    return Page(chromium)
