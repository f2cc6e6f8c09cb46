"""What the web server says when the gateway cannot: HTTP 200 and the same JSON, so that no visitor watches a spinner turn for ever."""

import http.client
import socket

import pytest
import visitor
from stage import WEB_USER, Process
from web import Apache, Lighttpd, Nginx


@pytest.fixture(params=[Nginx, Apache, Lighttpd], ids=["nginx", "apache", "lighttpd"])
def web(request, stage):
    return stage.add(request.param(stage, stage.directory / "front.sock")).start()


def assert_busy(answer):
    assert answer.status == 200 and answer.headers["Content-Type"].lower() == "application/json; charset=utf-8"
    body = answer.json()
    assert body["status"] == "mail_failed" and "送信できませんでした" in body["message"] and body["invalid_fields"] == []
    assert answer.headers["Cache-Control"] == "no-store"


def assert_busy_page(answer):
    assert answer.status == 200 and answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert "送信できませんでした" in answer.text


def test_gateway_is_stopped(web):
    assert_busy(visitor.post_feedback(web))
    assert_busy(visitor.post_feedback(web, "/?rest_route=/contact-form-7/v1/contact-forms/4/feedback"))
    assert_busy_page(visitor.post_page(web))


CLOSER = """
import socket, sys
listener = socket.fromfd(0, socket.AF_UNIX, socket.SOCK_STREAM)
while True:
    listener.accept()[0].close()
"""


def test_gateway_closes_the_connection(stage, web):
    """Overload: past a ceiling the gateway closes what it accepted."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(stage.directory / "front.sock"))
    listener.listen()
    (stage.directory / "front.sock").chmod(0o660)
    stage.give(stage.directory / "front.sock", WEB_USER)
    stage.add(Process("closer", ["/usr/bin/python3", "-c", CLOSER], stage.directory / "closer.log", stdin=listener))
    assert_busy(visitor.post_feedback(web))
    assert_busy_page(visitor.post_page(web))


@pytest.mark.parametrize("path, check", [(visitor.FEEDBACK, assert_busy), ("/contact/", assert_busy_page)], ids=["feedback", "page"])
def test_body_is_too_large(web, path, check):
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(40 * 1024 * 1024))
    connection.endheaders()
    response = connection.getresponse()
    check(visitor.Answer(response.status, response.headers, response.read()))
    connection.close()
