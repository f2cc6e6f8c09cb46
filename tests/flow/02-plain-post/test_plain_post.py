"""Without JavaScript: the browser posts the page's form, urlencoded or multipart, and reads a page of the gateway's own."""

import pytest
import visitor
from scene import wait_mails


@pytest.mark.parametrize("encode", [visitor.urlencoded, visitor.multipart], ids=["urlencoded", "multipart"])
def test_posted_page_becomes_a_mail(smtp, gateway, web, encode):
    answer = visitor.post_page(web, encode)
    assert answer.status == 200 and answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert "お問い合わせを受け付けました" in answer.text and f'href="{web.url()}"' in answer.text
    assert "<script" not in answer.text
    mail, = wait_mails(smtp, 1)
    assert visitor.SAMPLE["your-message"] in mail.text and mail["Reply-To"] == visitor.SAMPLE["your-email"]


def test_mistakes_are_listed(smtp, gateway, web):
    answer = visitor.post_page(web, your_email="<script>alert(1)</script>", your_name="")
    assert answer.status == 200 and "この項目は入力が必要です。" in answer.text
    assert "<script" not in answer.text


def test_other_posts_stay_the_sites_own(smtp, gateway, web):
    body, content_type = visitor.urlencoded(visitor.fields())
    answer = visitor.request(web.url("/elsewhere/"), "POST", body, content_type)
    assert answer.status in (404, 405) and b"nginx" in answer.body
    answer = visitor.request(web.url("/contact/"))
    assert answer.status == 200 and b'name="_wpcf7"' in answer.body
