"""A web server that keeps its connections open pins no worker: two workers serve more kept connections than they are."""

import time

import pytest
import visitor
from scene import assert_sent, is_sent, post_many, wait_mails
from gateway import Gateway
from web import Nginx


@pytest.fixture
def gateway(stage, smtp, watch):
    return watch(stage.add(Gateway(stage, smtp, gateway={"workers": 2}))).start()


@pytest.fixture
def web(stage, gateway):
    server = f"server unix:{gateway.socket};"
    changes = [(server, f"{server}\n\tkeepalive 16;"), ("fastcgi_keep_conn off;", "fastcgi_keep_conn on;")]
    web = stage.add(Nginx(stage, gateway.socket, changes))
    snippets = "".join(path.read_text() for path in web.snippets.iterdir())
    assert "keepalive 16;" in snippets and "fastcgi_keep_conn on;" in snippets
    return web.start()


def test_kept_connections_starve_nobody(smtp, gateway, web):
    words = [f"{number:03}" for number in range(150)]
    answers = post_many(web, words, threads=24)
    assert all(is_sent(answer) for answer in answers.values())
    began = time.monotonic()
    for _ in range(5):
        assert visitor.request(web.url(visitor.FEEDBACK.replace("feedback", "refill"))).json() == []
    assert time.monotonic() - began < 3, "the kept connections hold the workers"


def test_refusals_leave_a_kept_connection_usable(smtp, gateway, web):
    body, content_type = visitor.multipart(visitor.fields())
    for _ in range(20):
        assert visitor.request(web.url(visitor.FEEDBACK), "POST", body, "text/plain").status == 415
        assert visitor.request(web.url(visitor.FEEDBACK.replace("/4/", "/9/")), "POST", body, content_type).status == 404
    assert_sent(visitor.post_feedback(web))
    wait_mails(smtp, 1)
