"""nginx, Apache and lighttpd with the shipped snippets, with and without kept connections: the same road behind each."""

import http.client

import pytest
import visitor
from scene import assert_sent, is_sent, post_many, wait_mails
from servers import KEPT, SERVERS, Client, assert_busy, connections_of, make_server
from stage import wait_for

ROUTE = "/contact-form-7/v1/contact-forms/4/feedback"
SPELLINGS = [f"/wp-json{ROUTE}", f"/wp-json{ROUTE}/", f"/index.php/wp-json{ROUTE}", f"/blog/wp-json{ROUTE}", f"/?rest_route={ROUTE}",
             "/index.php?a=1&rest_route=" + ROUTE.replace("/", "%2f"), f"/wp-json{ROUTE}".replace("contact-forms", "Contact-Forms")]
FOREIGN = ["/wp-json/wp/v2/posts", "/wp-json/contact-form-7/v1/contact-forms", "/wp-json/contact-form-7/v1/contact-forms/4/feedback/other",
           "/?rest_route=/wp/v2/posts", "/elsewhere/"]


@pytest.fixture(params=list(SERVERS))
def name(request):
    return request.param


@pytest.fixture
def web(stage, gateway, name):
    """Stopped before the gateway, which would give its kept connections some seconds of grace."""
    web = stage.add(make_server(stage, gateway, name)).start()
    yield web
    web.stop()


def test_the_road(smtp, gateway, web, name):
    """A form by its script and one without; no header chooses the site; connections are kept where they should be and nowhere else."""
    body, content_type = visitor.multipart(visitor.fields())
    assert_sent(visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type, {"Sekisho-Site": "elsewhere", "Sekisho_Site": "elsewhere"}))
    answer = visitor.post_page(web)
    assert answer.status == 200 and "お問い合わせを受け付けました" in answer.text and f'href="{web.url()}"' in answer.text
    for mail in wait_mails(smtp, 2):
        assert visitor.SAMPLE["your-message"] in mail.text and "127.0.0.1" in mail.text
    gateway.wait_event("submission", site="example.test")
    wait_for(lambda: bool(connections_of(gateway)) == (name in KEPT), f"connections kept: {name in KEPT}; there are {connections_of(gateway)}")


def test_which_requests_are_the_gateways(smtp, gateway, web):
    for number, path in enumerate(SPELLINGS):
        assert_sent(visitor.post_feedback(web, path, your_subject=f"綴り {number}"))
    for path in FOREIGN:
        answer = visitor.post_feedback(web, path)
        assert not answer.headers["Content-Type"].startswith("application/json"), (path, answer.text)
    assert b'name="_wpcf7"' in visitor.request(web.url("/contact/")).body
    assert b'name="_wpcf7"' in visitor.request(web.url("/contact/?rest_route=/x/contact-form-7/")).body
    assert len(gateway.sekisho_json("submissions")) == len(SPELLINGS)


def test_refusals_and_other_methods(smtp, gateway, web):
    """What the gateway refuses passes through as it is; a kept connection stays usable."""
    body, content_type = visitor.multipart(visitor.fields())
    feedback, refill = web.url(visitor.FEEDBACK), web.url(visitor.FEEDBACK.replace("feedback", "refill"))
    for method, url, data, kind, status, code in [
            ("POST", feedback, body, "text/plain", 415, "wpcf7_unsupported_media_type"),
            ("POST", feedback.replace("/4/", "/9/"), body, content_type, 404, "wpcf7_not_found"),
            ("POST", refill, body, content_type, 404, "rest_no_route"), ("PUT", feedback, body, content_type, 404, "rest_no_route"),
            ("POST", feedback, b"garbage", content_type, 400, "wpcf7_unit_tag_not_found"), ("GET", feedback, None, None, 404, "rest_no_route"),
            ("GET", web.url("/sekisho/altcha?form=4"), None, None, 404, "sekisho_altcha")]:
        answer = visitor.request(url, method, data, kind)
        assert (answer.status, answer.json()["code"]) == (status, code), (method, url, answer.text)
    answer = visitor.request(feedback, "OPTIONS")
    assert answer.status == 200 and answer.headers["Allow"] == "POST"
    answer = visitor.request(refill, "HEAD")
    assert answer.status == 200 and answer.body == b"" and answer.headers["Content-Type"].startswith("application/json")
    answer = visitor.request(feedback, "HEAD")
    assert answer.status == 404 and answer.body == b""
    assert visitor.request(refill).json() == []
    assert_sent(visitor.post_feedback(web))


@pytest.mark.parametrize("name", ["nginx", "lighttpd"])
def test_links_stay_out_of_the_access_log(gateway, web, name):
    for path in ("/sekisho/confirm", "/blog/sekisho/confirm"):
        assert visitor.request(web.url(f"{path}?t=TOKEN")).status == 404
    assert visitor.request(web.url("/contact/?page")).status == 200
    web.stop()
    log = (web.folder / "access.log").read_text(encoding="utf-8")
    assert "/contact/?page" in log and "TOKEN" not in log


def test_many_at_once(smtp, gateway, web):
    answers = post_many(web, [f"{number:03}" for number in range(60)], threads=16)
    assert all(is_sent(answer) for answer in answers.values())


def test_the_gateway_comes_back(smtp, gateway, web):
    """Stopped, the visitor reads the snippet's answer; started again, kept connections of before do no harm."""
    assert_sent(visitor.post_feedback(web, your_subject="前"))
    assert gateway.stop() == 0
    for path in (visitor.FEEDBACK, f"/?rest_route={ROUTE}"):
        assert_busy(visitor.post_feedback(web, path))
    answer = visitor.post_page(web)
    assert answer.status == 200 and answer.headers["Content-Type"].lower() == "text/html; charset=utf-8" and "送信できませんでした" in answer.text
    gateway.start()
    # lighttpd looks once a second whether it is there again.
    wait_for(lambda: is_sent(visitor.post_feedback(web, your_subject="後")), "the gateway behind the web server")
    wait_mails(smtp, 2)


LIMITS = {"nginx": ("client_max_body_size 32m", "client_max_body_size 64k"), "apache": ("-gt 33554432", "-gt 65536"),
          "lighttpd": ("server.max-request-size = 32768", "server.max-request-size = 64")}


@pytest.mark.parametrize("name", sorted(set(SERVERS) - KEPT))
def test_too_large(stage, smtp, gateway, name):
    """With a length, without one, and announced first: each sends all of it and reads an answer that the script understands."""
    web = stage.add(make_server(stage, gateway, name, [LIMITS[name.split("-")[0]]])).start()
    body, content_type = visitor.multipart(visitor.fields(your_message="大" * 100_000))
    client = Client(web, body, content_type)
    assert_busy(client.send(client.head).send(body).answer())
    client = Client(web, body, content_type, chunked=True)
    answer = client.send(client.head).send(client.encoded()).answer()
    # Apache counts only what is announced; then it is the gateway that says so.
    assert answer.status == 200 and answer.json()["status"] == ("aborted" if name.startswith("apache") else "mail_failed"), answer.text
    client = Client(web, body, content_type, Expect="100-continue")
    assert_busy(client.send(client.head).answer())
    answer = visitor.post_page(web, visitor.multipart, your_message="大" * 100_000)
    assert answer.status == 200 and "送信できませんでした" in answer.text
    assert_sent(visitor.post_feedback(web))
    assert len(gateway.sekisho_json("submissions")) == 1


def test_past_the_gateways_own_ceiling(smtp, gateway, web):
    """The web server lets it through, the gateway answers; the rest of the body is read or the connection closed."""
    answer = visitor.post_feedback(web, your_message="大" * 3_000_000)
    assert answer.status == 200 and answer.json()["status"] in ("aborted", "mail_failed") and answer.json()["message"]
    assert_sent(visitor.post_feedback(web))


def test_a_length_of_its_own_is_not_believed(smtp, gateway, web):
    """40 MiB announced and not sent: refused at once, by whoever notices."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.putrequest("POST", visitor.FEEDBACK)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(40 * 1024 * 1024))
    connection.endheaders()
    response = connection.getresponse()
    assert_busy(visitor.Answer(response.status, response.headers, response.read()))
    connection.close()
    assert_sent(visitor.post_feedback(web))
