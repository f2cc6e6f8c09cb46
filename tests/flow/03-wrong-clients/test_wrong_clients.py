"""Clients that no page of ours made: refusals of contract 1.3, and every spelling of an address of contract 1.2 through nginx."""

import http.client

import visitor
from scene import assert_sent

ROUTE = "/contact-form-7/v1/contact-forms/4/feedback"
SPELLINGS = [
    f"/wp-json{ROUTE}", f"/wp-json{ROUTE}/", f"/index.php/wp-json{ROUTE}", f"/blog/wp-json{ROUTE}", f"/?rest_route={ROUTE}",
    f"/index.php?rest_route={ROUTE}", f"/?lang=ja&rest_route={ROUTE}", "/?rest_route=" + ROUTE.replace("/", "%2F"),
    "/?rest_route=" + ROUTE.replace("/", "%2f") + "&x=1", f"/wp-json{ROUTE}".replace("contact-forms", "Contact-Forms"),
    "/wp-json/contact-form-7/v1/contact-forms/0004/feedback",
]


def test_every_spelling_works(smtp, gateway, web):
    for number, path in enumerate(SPELLINGS):
        assert_sent(visitor.post_feedback(web, path, your_subject=f"綴り {number}"))


def test_refusals_are_those_of_the_plugin(gateway, web):
    body, content_type = visitor.multipart(visitor.fields())
    encoded, encoded_type = visitor.urlencoded(visitor.fields())
    without_tag, without_tag_type = visitor.multipart(visitor.fields(_wpcf7_unit_tag=None))
    url = web.url(visitor.FEEDBACK)
    cases = [
        ("GET", url, None, None, 404, "rest_no_route"),
        ("PUT", url, body, content_type, 404, "rest_no_route"),
        ("POST", url.replace("feedback", "refill"), body, content_type, 404, "rest_no_route"),
        ("POST", url, encoded, encoded_type, 415, "wpcf7_unsupported_media_type"),
        ("POST", url, b"{}", "application/json", 415, "wpcf7_unsupported_media_type"),
        ("POST", url, body, content_type.replace("multipart", "Multipart"), 415, "wpcf7_unsupported_media_type"),
        ("POST", url.replace("/4/", "/99/"), body, content_type, 404, "wpcf7_not_found"),
        ("GET", url.replace("/4/", "/99/").replace("feedback", "refill"), None, None, 404, "wpcf7_not_found"),
        ("POST", url, without_tag, without_tag_type, 400, "wpcf7_unit_tag_not_found"),
        ("POST", url, body, "multipart/form-data", 400, "wpcf7_unit_tag_not_found"),
        ("POST", url, b"garbage", content_type, 400, "wpcf7_unit_tag_not_found"),
    ]
    for method, address, data, kind, status, code in cases:
        answer = visitor.request(address, method, data, kind)
        assert (answer.status, answer.json()["code"]) == (status, code), (method, address, kind, answer.text)
        assert answer.json()["data"] == {"status": status} and answer.json()["message"]


def test_the_host_header_chooses_no_site(smtp, gateway, web):
    body, content_type = visitor.multipart(visitor.fields())
    answer = visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type,
                             {"Host": "elsewhere.example", "Sekisho-Site": "elsewhere.example", "Sekisho_Site": "elsewhere.example"})
    assert_sent(answer)
    gateway.wait_event("submission", site="example.test")


def test_past_a_ceiling_there_is_a_clear_answer(gateway, web):
    many = {**visitor.fields(), **{f"field{number}": "x" for number in range(1001)}}
    deep = {**visitor.fields(), "a" + "[b]" * 50: "x"}
    long = {**visitor.fields(), "your-message": "x" * 300_000}
    for values in (many, deep, long):
        body, content_type = visitor.multipart(values)
        answer = visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type)
        assert answer.status == 200 and answer.json()["status"] in ("mail_failed", "aborted") and answer.json()["message"], answer.text


def test_an_upload_that_breaks_off_harms_nobody(smtp, gateway, web):
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    connection.putrequest("POST", visitor.FEEDBACK)
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "100000")
    connection.endheaders()
    connection.send(b"--x\r\n")
    connection.close()
    assert_sent(visitor.post_feedback(web))
