"""A review link from the mail to what it decides, and everybody else who may have it: scanners, forgers, pages of other sites, people who come late."""

import datetime
import email.utils
import sqlite3

import pytest
import visitor
from desk import HELD, PASSED, held_link, hidden_of, mails_with, passed_link, post, press, token_of, wait_mail
from gateway import Gateway
from scene import assert_sent
from servers import make_server
from stage import wait_for
from web import Nginx

HOUR, DAY = 3600, 24 * 3600
SUBJECT = HELD["your_subject"]


@pytest.fixture
def gateway(stage, smtp, watch, clock):
    return watch(stage.add(Gateway(stage, smtp))).start(environment=clock.environment)


def rows(gateway, table):
    with sqlite3.connect(f"file:{gateway.folder / 'data' / 'sekisho.db'}?mode=ro", uri=True) as db:
        return db.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()


def wait_ended(gateway, stage=1):
    """The courier has acted, and the key that the link opened is gone. (A released message has a notice then, with a link of its own.)"""
    wait_for(lambda: not [row for row in rows(gateway, "review") if row[1] == stage] and not rows(gateway, "link_press"), "the end of the review")


def assert_over(answer, words):
    assert answer.status == 410 and words in answer.text, answer.text
    assert "<form" not in answer.text and HELD["your_email"] not in answer.text


def test_release_from_the_mail(smtp, gateway, web):
    link = held_link(smtp, web)
    page = visitor.request(link)
    assert page.status == 200
    for shown in ("見本商店", "お問い合わせ", HELD["your_name"], HELD["your_email"], "https://www.amazon.co.jp.sale.example/login", "127.0.0.1:", "sekisho visitor"):
        assert shown in page.text, shown
    answer = press(link, "release")
    assert answer.status == 200 and "数分以内にメールが届きます" in answer.text
    notice = wait_mail(smtp, SUBJECT)
    assert HELD["your_message"].split("\n")[1] in notice.text
    wait_ended(gateway)
    for again in (visitor.request(link), press(link, "release", hidden_of(page.text)), press(link, "discard", hidden_of(page.text))):
        assert_over(again, "すでにメールでお届けしています")
    assert len(mails_with(smtp, SUBJECT)) == 1


def test_a_released_one_has_its_own_date(smtp, gateway, web, clock):
    clock.move(-3 * HOUR)
    link = held_link(smtp, web)
    clock.move(0)
    press(link, "release")
    written = email.utils.parsedate_to_datetime(str(wait_mail(smtp, SUBJECT)["Date"]))
    age = datetime.datetime.now(datetime.timezone.utc) - written
    assert datetime.timedelta(hours=2) < age < datetime.timedelta(hours=4), written


def test_release_and_allow(smtp, gateway, web):
    press(held_link(smtp, web), "release-allow")
    wait_mail(smtp, SUBJECT)
    wait_ended(gateway)
    def passes():
        assert_sent(post(web, **{**HELD, "your_subject": "許可された件名"}))
        return gateway.lines()[-1].pairs.get("kept") is None and mails_with(smtp, "許可された件名")
    wait_for(passes, "a message of the allowed address that passes", 30)


def kept(gateway):
    return [line.pairs.get("kept") for line in gateway.lines() if line.event == "submission"][-1]


def wait_refused(gateway, web, **changes):
    def is_refused():
        post(web, **changes)
        return kept(gateway) == "rejected"
    wait_for(is_refused, "a message that is refused", 30)


def test_discard_and_block(smtp, gateway, web):
    link = held_link(smtp, web)
    assert "今後お断りします" in press(link, "discard-block-address").text
    wait_ended(gateway)
    assert_over(visitor.request(link), "破棄されています")
    wait_refused(gateway, web, **{**PASSED, "your_email": HELD["your_email"]})
    assert_sent(post(web, **{**PASSED, "your_email": "other@visitor.example"}))
    assert not mails_with(smtp, SUBJECT)


def test_discard(smtp, gateway, web):
    link = held_link(smtp, web)
    press(link, "discard")
    wait_ended(gateway)
    assert_over(visitor.request(link), "破棄されています")
    assert not mails_with(smtp, SUBJECT) and not rows(gateway, "list_entry")


def test_block_from_a_notice(smtp, gateway, web):
    link = passed_link(smtp, web)
    page = visitor.request(link).text
    assert "お届け済みのお問い合わせ" in page and 'value="release"' not in page
    assert "今後お断りします" in press(link, "block-network").text
    wait_ended(gateway, stage=2)
    wait_refused(gateway, web, **PASSED)
    assert_over(visitor.request(link), "お届け済みです")


def test_scanners_change_nothing(smtp, gateway, web):
    """Those that open, open with HEAD, follow, or post what they find in the mail."""
    link = held_link(smtp, web)
    token, before = token_of(link), {table: rows(gateway, table) for table in ("review", "link_press", "verdict", "outbox", "list_entry")}
    for method in ("GET", "HEAD") * 15:
        answer = visitor.request(link, method, headers={"User-Agent": "LinkScanner/1.0"})
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["X-Frame-Options"] == "DENY"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-") and "form-action 'self'; frame-ancestors 'none'" in policy
    for values in ({"t": token}, {"t": token, "d": "release"}, {"t": token, "p": "", "d": "release"}, {"t": token, "p": "0" * 42, "d": "discard"}):
        body, content_type = visitor.urlencoded(values)
        assert visitor.request(link.split("?")[0], "POST", body, content_type).status == 403, values
    assert visitor.request(link, "POST", b"", "application/x-www-form-urlencoded").status == 404
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert visitor.request(link, method).status == 405
    assert {table: rows(gateway, table) for table in before} == before
    assert gateway.sekisho_json("held")[0]["status"] == "held"


def test_pages_of_other_sites_and_old_pages(smtp, gateway, web, clock):
    link = held_link(smtp, web)
    hidden = hidden_of(visitor.request(link).text)
    for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example"},
                    {"Sec_Fetch_Site": "cross-site", "Origin": web.url("").rstrip("/")}):
        answer = press(link, "release", hidden, **headers)
        assert answer.status == 403 and "何も変更していません" in answer.text and HELD["your_name"] not in answer.text, headers
    clock.move(2 * HOUR)
    answer = press(link, "release", hidden)
    assert answer.status == 403 and f'href="review?t={token_of(link)}"' in answer.text
    assert not rows(gateway, "link_press")
    # As the page says: opened again, it works.
    assert press(link, "release").status == 200
    wait_mail(smtp, SUBJECT)


def test_forged_foreign_and_expired_links(stage, smtp, gateway, web, clock):
    link = held_link(smtp, web)
    token = token_of(link)
    hidden = hidden_of(visitor.request(link).text)
    middle = len(token) // 2
    changed = token[:middle] + ("B" if token[middle] == "A" else "A") + token[middle + 1:]
    for wrong in (changed, token[:-3], "x", "A" * 400, "%ff", "%3Cscript%3E"):
        opened = visitor.request(link.split("?")[0] + f"?t={wrong}")
        pressed = press(link, "release", {**hidden, "t": wrong})
        assert (opened.status, pressed.status) == (404, 404), wrong
        assert "このリンクは使えません" in opened.text and "<script" not in opened.text and "<form" not in opened.text
    # The same link at another site of the same gateway.
    other = stage.directory / "gateway" / "sites" / "other.test"
    other.mkdir()
    for path in (gateway.folder / "sites" / "example.test").rglob("*"):
        target = other / path.relative_to(gateway.folder / "sites" / "example.test")
        target.mkdir() if path.is_dir() else target.write_bytes(path.read_bytes())
    web.stop()
    foreign = stage.add(Nginx(stage, gateway.socket, [("set $sekisho_site example.test", "set $sekisho_site other.test")])).start()
    assert visitor.request(link).status == 404 and press(link, "release", hidden).status == 404
    foreign.stop()
    stage.add(Nginx(stage, gateway.socket)).start()
    assert visitor.request(link).status == 200
    clock.move(15 * DAY)
    assert_over(visitor.request(link), "有効期限が切れています")
    assert not rows(gateway, "link_press") and not mails_with(smtp, SUBJECT)


def test_released_by_the_command_meanwhile(smtp, gateway, web):
    """Two people, one message: the second reads what the first one did."""
    link = held_link(smtp, web)
    hidden = hidden_of(visitor.request(link).text)
    gateway.sekisho("held", "release", gateway.sekisho_json("held")[0]["receipt"])
    wait_mail(smtp, SUBJECT)
    assert_over(visitor.request(link), "すでにメールでお届けしています")
    assert_over(press(link, "discard-block-address", hidden), "すでにメールでお届けしています")
    assert not rows(gateway, "list_entry")


@pytest.mark.parametrize("name", ["nginx", "apache", "lighttpd"])
def test_behind_each_web_server(stage, smtp, gateway, announce, name):
    """The page and its buttons, below any path; what the gateway answers comes through, its absence is told in words of the snippet, and no log has the link."""
    changes = [("</VirtualHost>", f'\tLogFormat "%h %r %>s" plain\n\tCustomLog {stage.directory}/apache/access.log plain env=!SEKISHO_LINK\n</VirtualHost>')] if name == "apache" else []
    web = stage.add(make_server(stage, gateway, name, changes)).start()
    link = held_link(smtp, web)
    below = link.replace("/sekisho/", "/blog/ja/sekisho/")
    for each in (link, below):
        assert HELD["your_name"] in visitor.request(each).text
        assert visitor.request(each, "HEAD").status == 200
    assert visitor.request(link[:-3]).status == 404 and "このリンクは使えません" in visitor.request(link[:-3]).text
    assert press(link, "release", {"t": token_of(link)}).status == 403
    assert visitor.request(web.url("/sekisho/review"), headers={"Sekisho-Probe": "0123abcd"}).headers["Sekisho-Probe"]
    gateway.stop()
    for answer in (visitor.request(link), press(link, "release", {"t": token_of(link)})):
        assert answer.status == 503 and "もう一度開いてください" in answer.text and answer.headers["Cache-Control"] == "no-store"
    gateway.start()
    wait_for(lambda: visitor.request(link).status == 200, "the page behind the gateway that runs again")
    assert press(below, "release").status == 200
    wait_mail(smtp, SUBJECT)
    web.stop()
    assert "/contact/" in (web.folder / "access.log").read_text(encoding="utf-8") or "feedback" in (web.folder / "access.log").read_text(encoding="utf-8")
    assert_nowhere(stage, token_of(link))


def assert_nowhere(stage, token):
    """Nobody wrote it anywhere but into the mail and the row of the press: nor its middle, as a log would have it that cuts lines."""
    written = [path for path in stage.directory.rglob("*") if path.is_file() and token[60:90].encode() in path.read_bytes()]
    assert {path.relative_to(stage.directory).parts[:2] for path in written} <= {("gateway", "data"), ("smtp", "mails")}, written
