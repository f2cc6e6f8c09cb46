"""ALTCHA's own widget, in Chromium, solves what the gateway makes, in both protocols; nothing else passes."""

import base64
import json
import urllib.request

import pytest
import visitor
from scene import Clock, assert_sent, wait_mails

VALUES = {**visitor.SAMPLE, "your-message": "はじめまして。見積もりをお願いします。"}
PAGES = {2: "/contact/", 1: "/contact/old.html"}


def challenge(web, query="form=4"):
    with urllib.request.urlopen(web.url(f"/sekisho/altcha?{query}"), timeout=10) as answer:
        assert answer.headers["Cache-Control"] == "no-store" or "no-cache" in answer.headers["Cache-Control"], "a challenge is fresh each time"
        return json.load(answer)


def decoded(payload):
    return json.loads(base64.b64decode(payload, validate=True))


def encoded(value):
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def post(web, payload, **changes):
    """As a script would that has got hold of a payload."""
    return visitor.post_feedback(web, altcha=payload, **changes)


def is_asked_again(answer):
    return answer.status == 200 and answer.json()["status"] == "aborted"


@pytest.mark.parametrize("version", PAGES)
def test_the_widget(smtp, web, page, version):
    page.open(web.url(PAGES[version]))
    payload = decoded(page.tick())
    assert ("salt" in payload) == (version == 1) and ("solution" in payload) == (version == 2)
    page.send(VALUES, "mail_sent")
    mail, = wait_mails(smtp, 1)
    assert "見積もり" in mail.text and "altcha" not in mail.text
    assert page.browser.console_errors() == []


def test_without_the_widget_the_visitor_is_asked_and_the_text_stays(smtp, web, page):
    page.open(web.url())
    text = page.send(VALUES, "aborted")
    assert text and page.browser.values(list(VALUES)) == VALUES
    page.tick()
    page.send({}, "mail_sent")
    wait_mails(smtp, 1)


@pytest.mark.parametrize("version", PAGES)
def test_once(smtp, web, page, version):
    page.open(web.url(PAGES[version]))
    payload = page.tick()
    assert_sent(post(web, payload))
    assert is_asked_again(post(web, payload, your_message="別の文章を同じ証明で送ります。"))
    # Written differently it is the same proof.
    more = decoded(payload)
    more["solution" if version == 2 else "took"] = {**more["solution"], "time": 1} if version == 2 else 1
    assert is_asked_again(post(web, encoded(more), your_message="三つ目の文章です。"))
    wait_mails(smtp, 1)


def test_what_is_no_proof(web, page):
    page.open(web.url())
    payload = decoded(page.tick())
    parameters = payload["challenge"]["parameters"]
    changed = [
        {**payload, "more": 1},
        {**payload, "challenge": {**payload["challenge"], "parameters": {**parameters, "cost": 1}}},
        {**payload, "challenge": {**payload["challenge"], "parameters": {**parameters, "expiresAt": parameters["expiresAt"] + 1}}},
        {**payload, "solution": {**payload["solution"], "counter": payload["solution"]["counter"] + 1}},
        {"challenge": challenge(web), "solution": payload["solution"]},
        {"challenge": None, "solution": None, "test": True},
    ]
    for each in changed:
        assert is_asked_again(post(web, encoded(each))), each
    assert is_asked_again(post(web, None)) and is_asked_again(post(web, "e30=")) and is_asked_again(post(web, "A" * 9000))
    # None of these has used it up.
    assert_sent(post(web, encoded(payload)))


def test_challenges_are_fresh(web):
    first, second = challenge(web), challenge(web)
    assert first["signature"] != second["signature"] and first["parameters"]["nonce"] != second["parameters"]["nonce"]
    old = challenge(web, "form=4&v=1")
    assert old["salt"].endswith("&") and old["maxnumber"] == 100000 and set(old) == {"algorithm", "challenge", "maxnumber", "salt", "signature"}


def test_expired(stage, smtp, watch, gateway, web, page):
    gateway.stop()
    clock = Clock(stage)
    gateway.start(environment=clock.environment)
    page.open(web.url())
    payload = page.tick()
    clock.move(30 * 60 + 1)
    assert is_asked_again(post(web, payload))
    clock.move(60)
    assert_sent(post(web, payload))
