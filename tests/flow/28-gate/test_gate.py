"""The gate over a real web server: who passes, who waits, who is sent away, and what each of them reads."""

import concurrent.futures
import contextlib
import re
import sqlite3
import time

import pytest
import visitor
from gateway import Gateway
from scene import WARNING, assert_sent, wait_mails
from stage import IS_ROOT, WEB_USER
from web import Nginx

SCHEMA = visitor.FEEDBACK + "/schema"
HELD = "担当者が内容を確認いたします"
OFF = {name: "off" for name in ("ip", "network", "network_wide", "fingerprint", "sender", "form", "site")}


@pytest.fixture
def stand(stage, smtp, watch, clock):
    """Starts gateway and nginx with these settings of the gate: `stand(check={...}, limit={...}, ...)`. What is not named is as shipped, but no DNS is asked."""
    def start(main=None, **groups):
        groups["check"] = {"sender": "off", **groups.get("check", {})}
        gateway = watch(stage.add(Gateway(stage, smtp, gate=groups, gateway=main or {}))).start(environment=clock.environment)
        web = stage.add(Nginx(stage, gateway.socket)).start()
        return gateway, web
    return start


def post(web, headers=None, **changes):
    body, content_type = visitor.multipart(visitor.fields(**changes))
    return visitor.request(web.url(visitor.FEEDBACK), "POST", body, content_type, {"Referer": web.url(), **(headers or {})})


def status(answer):
    assert answer.status == 200, answer.text
    return answer.json()["status"]


def submissions(gateway):
    return [line.pairs for line in gateway.lines() if line.event == "submission"]


def last(gateway, count):
    """The newest submission's log line, once there are `count` of them."""
    found = submissions(gateway)
    assert len(found) == count, found
    return found[-1]


def add_field(gateway, tag):
    path = gateway.form_file("form.html")
    path.write_text(path.read_text(encoding="utf-8").replace("[submit", f"{tag}\n[submit"), encoding="utf-8")


# --- Pass, hold, refuse -------------------------------------------------------------------------------------------------

def test_ordinary_visitors_pass(stand, smtp):
    gateway, web = stand()
    assert_sent(post(web))
    line = last(gateway, 1)
    assert line["status"] == "mail_sent" and "check" not in line and "kept" not in line
    # A screen reader's user, a password manager, a person who writes English, and one who says little.
    assert_sent(post(web, your_message="見積もりをお願いします", your_name="鈴木", your_email="suzuki+web@visitor.example"))
    assert_sent(post(web, your_subject="Quotation", your_message="Hello, could you please send me a quotation for the model shown in May? Thank you."))
    assert_sent(post(web, your_message="https://www.example.test/items/12 の在庫はありますか。"))
    wait_mails(smtp, 4)


def test_honeypot_holds_and_visitor_is_told(stage, smtp, watch, clock):
    gateway = stage.add(Gateway(stage, smtp, gate={"check": {"sender": "off", "honeypot_fields": "website"}}))
    add_field(gateway, "[text website]")
    watch(gateway).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    answer = post(web, website="http://casino.invalid/")
    assert status(answer) == "mail_sent"
    line = last(gateway, 1)
    assert (line["kept"], line["check"]) == ("held", "honeypot")
    message = answer.json()["message"]
    assert HELD in message and message.endswith(f"受付番号: {line['receipt']}"), message
    # Twice the same gets the same answer, and is one.
    again = post(web, website="http://casino.invalid/")
    assert again.json()["message"] == message
    line = last(gateway, 2)
    assert (line["check"], line["code"]) == ("duplicates", "repetition")
    # Nothing of a visitor stands in the log.
    assert "casino" not in gateway.log_path.read_text() and "hanako" not in gateway.log_path.read_text()


def test_refused_is_told_as_spam_and_kept(stand):
    gateway, web = stand(rejected={"per_network": 2})
    for count in (1, 2, 3):
        assert status(post(web, {"User-Agent": "x"}, your_subject=f"第{count}信")) == "spam"
        line = last(gateway, count)
        assert (line["check"], line["code"]) == ("contract", "wpcf7")
        assert line["kept"] == ("rejected" if count < 3 else "counted")
    assert [line.get("receipt") is not None for line in submissions(gateway)] == [True, True, False]


# --- Limits -------------------------------------------------------------------------------------------------------------

def assert_wait(answer, seconds):
    assert status(answer) == "aborted"
    assert 0 < int(answer.headers["Retry-After"]) <= seconds
    assert re.search(r"\d+(分|時間)ほどたってからもう一度", answer.json()["message"]), answer.text


def test_limit_says_when_to_come_again_and_survives_a_restart(stand, clock, smtp):
    gateway, web = stand(limit={**OFF, "ip": "2/10min burst 2"})
    for word in ("一", "二"):
        assert_sent(post(web, your_subject=word))
    assert_wait(post(web, your_subject="三"), 300)
    assert last(gateway, 3)["check"] == "rate" and "receipt" not in last(gateway, 3)
    gateway.stop()
    gateway.start(environment=clock.environment)
    assert_wait(post(web, your_subject="三"), 300)
    clock.move(301)
    assert_sent(post(web, your_subject="三"))
    wait_mails(smtp, 3)


def test_carrier_with_many_people_behind_one_address(stand, clock):
    """Shipped limits: fifteen people at once, and then one every half minute for an hour."""
    gateway, web = stand(check={"trap": "off"})
    for number in range(60):
        browser = {"User-Agent": f"Mozilla/5.0 (iPhone; model {number % 7}) Mobile/15E148", "Accept-Language": "ja"}
        clock.move(max(0, number - 14) * 30)
        assert_sent(post(web, browser, your_email=f"visitor{number}@visitor.example", your_subject=f"お尋ね {number}"))
    assert {line["status"] for line in submissions(gateway)} == {"mail_sent"}


def test_never_more_than_the_limit_pass_at_once(stand):
    _, web = stand(limit={**OFF, "ip": "5/1h burst 5"})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: status(post(web, your_subject=f"同時 {number}")), range(24)))
    assert sorted(set(answers)) == ["aborted", "mail_sent"] and answers.count("mail_sent") == 5


# --- Who it is ------------------------------------------------------------------------------------------------------------

def test_header_of_a_stranger_is_ignored(stand):
    gateway, web = stand(limit={**OFF, "ip": "1/1h"})
    assert_sent(post(web, {"X-Forwarded-For": "198.51.100.1"}, your_subject="一"))
    assert_wait(post(web, {"X-Forwarded-For": "198.51.100.2"}, your_subject="二"), 3600)


def test_header_of_a_trusted_proxy_counts_as_far_as_it_saw(stand, smtp):
    gateway, web = stand(main={"trusted_proxies": "127.0.0.0/8"}, limit={**OFF, "ip": "1/1h"})
    assert_sent(post(web, {"X-Forwarded-For": "198.51.100.1"}, your_subject="一"))
    assert_sent(post(web, {"X-Forwarded-For": "198.51.100.2"}, your_subject="二"))
    # What stands before the last one is the visitor's own word, and what is no address says nothing.
    assert_wait(post(web, {"X-Forwarded-For": "203.0.113.9, 198.51.100.2"}, your_subject="三"), 3600)
    assert_sent(post(web, {"X-Forwarded-For": "unknown"}, your_subject="四"))
    assert_wait(post(web, {"X-Forwarded-For": "nobody"}, your_subject="五"), 3600)
    assert any("198.51.100.2" in mail.text for mail in wait_mails(smtp, 3))


def test_operator_hears_that_all_come_from_one_address(stand):
    gateway, web = stand(limit=OFF, check={"trap": "off"})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: assert_sent(post(web, your_subject=f"{number}")), range(51)))
    line, = [line for line in gateway.lines() if line.event == "one_address"]
    assert line.priority == WARNING and "trusted_proxies" in line.pairs["reason"] and "127.0.0.1" not in line.text


# --- The same again -------------------------------------------------------------------------------------------------------

def test_double_click_is_one_message(stand, clock, smtp):
    gateway, web = stand()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(web), range(4)))
    assert len({answer.json()["message"] for answer in answers}) == 1 and {status(answer) for answer in answers} == {"mail_sent"}
    assert len({line["receipt"] for line in submissions(gateway)}) == 1
    assert_sent(post(web, your_message="別の用件です。"))
    wait_mails(smtp, 2)
    clock.move(601)
    assert_sent(post(web))
    wait_mails(smtp, 3)


def test_repetition_in_dry_run_is_only_noted(stand, smtp):
    gateway, web = stand(check={"duplicates": "dry-run"})
    assert_sent(post(web))
    assert_sent(post(web))
    wait_mails(smtp, 2)
    assert len({line["receipt"] for line in submissions(gateway)}) == 2


# --- Without JavaScript ----------------------------------------------------------------------------------------------------

def test_page_without_script_shows_the_same(stage, smtp, watch, clock):
    gateway = stage.add(Gateway(stage, smtp, gate={"check": {"sender": "off", "honeypot_fields": "website"}, "limit": {**OFF, "ip": "1/10min"}}))
    add_field(gateway, "[text website]")
    watch(gateway).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    page = visitor.post_page(web, website="x")
    assert page.status == 200 and HELD in page.text and last(gateway, 1)["receipt"] in page.text
    page = visitor.post_page(web, your_subject="二")
    assert page.status == 200 and "もう一度お送りください" in page.text and int(page.headers["Retry-After"]) <= 600


# --- Trap -----------------------------------------------------------------------------------------------------------------

def cookie_of(web, headers=None):
    answer = visitor.request(web.url(SCHEMA), headers=headers)
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store"
    return answer.headers["Set-Cookie"]


def test_trap_is_a_note_and_no_verdict(stand, clock):
    gateway, web = stand(limit=OFF)
    told = cookie_of(web)
    assert re.fullmatch(r"sekisho_seen=[^;]+; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax", told), told
    pair = told.split(";")[0]
    assert_sent(post(web, {"Cookie": f"theme=dark; {pair}"}, your_subject="速い"))
    assert int(last(gateway, 1)["points"]) > 0
    clock.move(60)
    assert_sent(post(web, {"Cookie": f"{pair}; theme=dark"}, your_subject="ゆっくり"))
    assert "points" not in last(gateway, 2)
    assert_sent(post(web, your_subject="なし"))
    assert last(gateway, 3)["points"] == "1"
    assert_sent(post(web, {"Cookie": pair[:-1]}, your_subject="偽物"))
    assert last(gateway, 4)["points"] == "1"
    clock.move(13 * 3600)
    assert_sent(post(web, {"Cookie": pair}, your_subject="古い"))
    assert last(gateway, 5)["points"] == "1"


def test_trap_rests_where_nobody_has_the_cookie(stand, announce):
    announce.add("check_rests")
    gateway, web = stand(limit=OFF)
    for number in range(25):
        assert_sent(post(web, your_subject=f"{number}"))
    line = gateway.wait_event("check_rests", check="trap")
    assert "schema" in line.pairs["reason"]
    assert submissions(gateway)[0]["points"] == "1" and "points" not in submissions(gateway)[-1]


def test_pages_of_other_origins_get_no_cookie_and_are_not_asked(stage, smtp, watch, clock):
    gateway = stage.add(Gateway(stage, smtp, gate={"check": {"sender": "off"}}))
    site = gateway.folder / "sites" / "example.test" / "site.conf"
    site.write_text(site.read_text(encoding="utf-8").replace("[site]\n", "[site]\norigins = https://shop.example.test\n"), encoding="utf-8")
    watch(gateway).start(environment=clock.environment)
    web = stage.add(Nginx(stage, gateway.socket)).start()
    origin = {"Origin": "https://shop.example.test"}
    assert cookie_of(web, origin) is None and cookie_of(web) is not None
    assert_sent(post(web, origin))
    assert "points" not in last(gateway, 1)


# --- A slip in the address -------------------------------------------------------------------------------------------------

def test_slip_in_an_address_is_asked_about_once(stand):
    # Nobody answers there: silence is no reason to turn anybody away.
    gateway, web = stand(main={"dns_servers": "127.0.0.1:9"}, check={"sender": "on"})
    answer = post(web, your_email="hanako@gmial.com")
    assert status(answer) == "validation_failed"
    field, = answer.json()["invalid_fields"]
    assert field["field"] == "your-email" and "hanako@gmail.com" in field["message"]
    line = last(gateway, 1)
    assert (line["status"], line["check"], line["code"]) == ("validation_failed", "sender", "address_hint")
    assert_sent(post(web, your_email="hanako@gmial.com"))
    assert len(submissions(gateway)) == 2


# --- Captcha ----------------------------------------------------------------------------------------------------------------

CHALLENGE = "/sekisho/altcha?form=4"


def test_challenge_is_there_for_forms_that_ask_for_one(stand):
    _, web = stand()
    assert visitor.request(web.url(CHALLENGE)).status == 404


def test_proof_of_work_is_asked_for_and_text_kept(stand):
    gateway, web = stand(captcha={"service": "altcha", "altcha_cost": "1"})
    answer = visitor.request(web.url(CHALLENGE))
    assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store" and answer.json()
    assert answer.json() != visitor.request(web.url(CHALLENGE)).json() and visitor.request(web.url(CHALLENGE + "&v=1")).json()["algorithm"]
    assert visitor.request(web.url("/sekisho/altcha?form=999")).status == 404
    answer = post(web)
    assert status(answer) == "aborted" and "もう一度送信ボタンを押してください" in answer.json()["message"]
    line = last(gateway, 1)
    assert (line["check"], line["code"]) == ("captcha", "missing") and "receipt" not in line


def test_silent_service_holds(stage, stand, announce):
    announce.add("check_failed")
    # The front's alone.
    secret = stage.write("gateway/captcha.secret", "secret\n", mode=0o640 if IS_ROOT else 0o600)
    stage.give(secret, group=WEB_USER)
    gateway, web = stand(captcha={"service": "turnstile", "site_key": "key", "secret_file": secret, "endpoint": "https://127.0.0.1:9/siteverify"})
    answer = post(web, **{"cf_turnstile_response": "token"})
    assert HELD in answer.json()["message"]
    line = last(gateway, 1)
    assert (line["kept"], line["check"]) == ("held", "captcha")
    assert gateway.wait_event("check_failed", check="captcha", site="example.test").pairs["code"]


# --- Counters that cannot be asked ------------------------------------------------------------------------------------------

def test_missing_counters_turn_nobody_away(stand, announce, smtp):
    announce.add("check_failed")
    gateway, web = stand(limit={**OFF, "ip": "1/1h"})
    (gateway.folder / "data" / "counters.db").unlink()
    for number in range(3):
        assert_sent(post(web, your_subject=f"{number}"))
    # A repetition is one all the same.
    assert_sent(post(web, your_subject="0"))
    assert last(gateway, 4)["code"] == "repetition"
    reason, = {line.pairs["reason"] for line in gateway.lines() if line.event == "check_failed"}
    assert "counters.db" in reason and "hanako" not in reason
    wait_mails(smtp, 3)


def test_locked_counters_turn_nobody_away_and_count_again_later(stand, announce, smtp):
    announce.add("check_failed")
    gateway, web = stand(limit={**OFF, "ip": "1/1h"})
    with contextlib.closing(sqlite3.connect(gateway.folder / "data" / "counters.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(3):
            assert_sent(post(web, your_subject=f"{number}"))
        other.execute("ROLLBACK")
    # It rests for a second.
    time.sleep(1.2)
    assert_sent(post(web, your_subject="三"))
    assert_wait(post(web, your_subject="四"), 3600)
    wait_mails(smtp, 4)
