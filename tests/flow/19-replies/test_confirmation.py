"""Policy `confirm` from the form to the reply: who never asked gets one mail of ours and nothing that was typed; who presses gets the reply."""

import pytest
import visitor
from gateway import Gateway
from replies import ADDRESS, SUBJECT, TYPED, let_reply, link_in, mails_to, post, press, row_counts, token_of, wait_mails_to
from scene import assert_sent
from servers import SERVERS, make_server
from stage import wait_for
from web import Nginx

HOUR = 3600


@pytest.fixture
def gateway(stage, smtp, watch, clock):
    gateway = stage.add(Gateway(stage, smtp))
    let_reply(gateway)
    return watch(gateway).start(environment=clock.environment)


def confirmation(smtp, web, **changes):
    """The mail that asks, for a fresh submission."""
    assert_sent(post(web, **changes))
    mail, = wait_mails_to(smtp, changes.get("your_email", ADDRESS), 1)
    return mail


def wait_reply(smtp, address=ADDRESS):
    return wait_mails_to(smtp, address, 2)[1]


def test_the_confirmation_has_no_byte_that_was_typed(smtp, gateway, web):
    mail = confirmation(smtp, web)
    readable = mail.message.as_string() + str(mail.message["Subject"]) + mail.text
    for typed in TYPED.values():
        assert typed not in readable, typed
    assert mail["To"] == ADDRESS
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Reply-To"] is None and mail["Cc"] is None
    assert mail["Return-path"].startswith("<form+") and mail["Return-path"].endswith("@example.test>")
    assert link_in(mail).startswith(web.url("/sekisho/confirm?t="))
    assert len(mail.raw) < 4000


def test_opening_changes_nothing_and_pressing_brings_the_reply(smtp, gateway, web):
    link = link_in(confirmation(smtp, web))
    before = row_counts(gateway)
    for method in ("GET", "HEAD", "GET"):
        answer = visitor.request(link, method)
        assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "no-referrer" and "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert ("見本商店のフォーム" in answer.text) == (method == "GET")
    assert row_counts(gateway) == before
    assert len(mails_to(smtp, ADDRESS)) == 1

    answer = press(link)
    assert answer.status == 200 and "メールアドレスを確認しました" in answer.text
    reply = wait_reply(smtp)
    assert SUBJECT in reply["Subject"] and TYPED["your_message"] in reply.text
    assert reply["Auto-Submitted"] == "auto-replied"
    wait_for(lambda: row_counts(gateway) == before, "the removed press")
    # Pressed again: the same thanks, and no other mail.
    assert press(link).status == 200
    wait_for(lambda: row_counts(gateway) == before, "the removed second press")
    assert len(mails_to(smtp, ADDRESS)) == 2
    for log in (gateway.log_path, web.folder / "access.log"):
        assert token_of(link) not in log.read_text(encoding="utf-8"), log


def test_forged_foreign_and_expired_tokens(stage, smtp, gateway, web, clock):
    link = link_in(confirmation(smtp, web))
    token, before = token_of(link), row_counts(gateway)
    middle = len(token) // 2
    changed = token[:middle] + ("B" if token[middle] == "A" else "A") + token[middle + 1:]
    for wrong in (changed, token[:-3], "x", "A" * 300, "%ff", "'\"<script>"):
        opened, pressed = visitor.request(link.split("?")[0] + f"?t={wrong.replace('<', '%3C')}"), press(link, wrong)
        assert (opened.status, pressed.status) == (404, 404), wrong
        assert "このリンクは使えません" in opened.text and "<script" not in opened.text and "<form" not in opened.text
    # The same token at another site of the same gateway.
    other = stage.directory / "gateway" / "sites" / "other.test"
    other.mkdir()
    for path in (gateway.folder / "sites" / "example.test").rglob("*"):
        target = other / path.relative_to(gateway.folder / "sites" / "example.test")
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    web.stop()
    foreign = stage.add(Nginx(stage, gateway.socket, [("set $sekisho_site example.test", "set $sekisho_site other.test")])).start()
    assert visitor.request(link).status == 404 and press(link).status == 404
    foreign.stop()
    stage.add(Nginx(stage, gateway.socket)).start()
    assert visitor.request(link).status == 200
    clock.move(13 * HOUR)
    opened, pressed = visitor.request(link), press(link)
    assert (opened.status, pressed.status) == (410, 410) and "有効期限が切れています" in pressed.text
    assert row_counts(gateway)["link_press"] == before["link_press"] == 0
    assert len(mails_to(smtp, ADDRESS)) == 1


def test_who_was_asked_is_not_asked_again(smtp, gateway, web):
    confirmation(smtp, web)
    assert_sent(post(web))
    wait_mails_to(smtp, "owner@example.test", 2)
    for number in range(2):
        gateway.wait_event("delivery", kind="reply", outcome="deferred", reason="consent", item=str(2 + 3 * number))
    assert len(mails_to(smtp, ADDRESS)) == 1


def test_hints(smtp, gateway, web):
    """The visitor is told on the page what will come, and which domain a carrier's mailbox must allow; nobody else is."""
    first = "返信の前に、メールアドレスを確認するためのメール"
    allow = "ドコモのメールアドレスをお使いの場合は、example.test からのメールを受信できるように設定してください。"
    message = post(web).json()["message"].split("\n")
    assert len(message) == 2 and message[1].startswith(first)
    message = post(web, your_email="hanako.docomo@docomo.ne.jp").json()["message"].split("\n")
    assert len(message) == 3 and message[1].startswith(first) and message[2] == allow
    page = visitor.post_page(web, your_email="hanako.docomo@docomo.ne.jp").text
    assert f"<p>{allow}</p>" in page and f"<p>{first}" in page and "hanako.docomo" not in page


@pytest.mark.parametrize("name", list(SERVERS))
def test_behind_each_web_server(stage, smtp, gateway, name):
    """The link's page, its button and its probe; the gateway's own 404 and 410 come through, and its absence is told in words of the snippet."""
    web = stage.add(make_server(stage, gateway, name)).start()
    link = link_in(confirmation(smtp, web))
    below = link.replace("/sekisho/", "/blog/ja/sekisho/")
    for each in (link, below):
        assert "見本商店のフォーム" in visitor.request(each).text
        assert visitor.request(each, "HEAD").status == 200
    assert visitor.request(link[:-3]).status == 404 and "このリンクは使えません" in visitor.request(link[:-3]).text
    assert visitor.request(link, "PUT").status == 405
    for path, method in (("/sekisho/confirm", "GET"), (visitor.FEEDBACK, "POST"), ("/contact/", "POST")):
        body = b"" if method == "POST" else None
        answer = visitor.request(web.url(path), method, body, "text/plain" if method == "POST" else None, {"Sekisho-Probe": "0123abcd"})
        assert answer.status == 200 and len(answer.headers["Sekisho-Probe"]) == 42, (path, answer.text)
    assert visitor.request(web.url("/contact/"), headers={"Sekisho-Probe": "0123abcd"}).headers["Sekisho-Probe"] is None
    assert "メールアドレスを確認しました" in press(below).text
    wait_reply(smtp)
    web.stop()
    gateway.stop()
    stage.add(make_server(stage, gateway, name)).start()
    for answer in (visitor.request(link), press(link)):
        assert answer.status == 503 and "もう一度開いてください" in answer.text and answer.headers["Cache-Control"] == "no-store"
