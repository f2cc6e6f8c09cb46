"""Apache in nginx's place: mod_proxy_fcgi with the shipped snippet."""

import pytest
import visitor
from scene import assert_sent, is_sent, post_many, wait_mails
from web import Apache

ROUTE = "/contact-form-7/v1/contact-forms/4/feedback"


@pytest.fixture
def web(stage, gateway):
    return stage.add(Apache(stage, gateway.socket)).start()


def test_a_form_becomes_a_mail(smtp, gateway, web):
    assert_sent(visitor.post_feedback(web))
    mail, = wait_mails(smtp, 1)
    assert visitor.SAMPLE["your-message"] in mail.text and "127.0.0.1" in mail.text
    gateway.wait_event("submission", site="example.test")


def test_every_spelling_works(smtp, gateway, web):
    for number, path in enumerate([f"/wp-json{ROUTE}", f"/wp-json{ROUTE}/", f"/index.php/wp-json{ROUTE}", f"/?rest_route={ROUTE}",
                                   "/index.php?a=1&rest_route=" + ROUTE.replace("/", "%2f")]):
        assert_sent(visitor.post_feedback(web, path, your_subject=f"綴り {number}"))


def test_plain_post(smtp, gateway, web):
    answer = visitor.post_page(web)
    assert answer.status == 200 and "お問い合わせを受け付けました" in answer.text
    wait_mails(smtp, 1)
    assert b'name="_wpcf7"' in visitor.request(web.url("/contact/")).body


def test_refusals_pass_through(gateway, web):
    body, content_type = visitor.multipart(visitor.fields())
    assert visitor.request(web.url(visitor.FEEDBACK), "POST", body, "text/plain").status == 415
    assert visitor.request(web.url(visitor.FEEDBACK.replace("/4/", "/9/")), "POST", body, content_type).json()["code"] == "wpcf7_not_found"


def test_many_at_once(smtp, gateway, web):
    answers = post_many(web, [f"{number:03}" for number in range(100)], threads=16)
    assert all(is_sent(answer) for answer in answers.values())
