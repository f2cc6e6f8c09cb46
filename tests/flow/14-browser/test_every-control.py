"""The second example page: every control, with JavaScript and without, at the width of a phone and of a desk, light and dark."""

import datetime

import pytest
from selenium.webdriver.support.ui import Select
from stage import wait_for
from test_page import is_in_view, send

PAGE = "/estimate/"
TEXTS = {"your-name": "山田 花子", "your-email": "hanako@visitor.example", "your-site": "https://visitor.example/", "units": "3",
         "your-message": "門は大きめに、柵は低くお願いします。", "your-consent": "1"}
PAGES_HASH = "1aa93aff04edb131c94081c8bcc8de08"
DUE = (datetime.date.today() + datetime.timedelta(days=20)).isoformat()
ANSWERS = {"旅人が手形を見せた場所は? (漢字2字)": "関所", "「関所」の読みは? (ひらがな4字)": "せきしょ"}
# What an empty form is told of; the drawing is looked at when the rest is right.
REQUIRED = ["your-name", "your-email", "parts", "due", "desk", "answer-by", "your-message", "gate"]
SETS = "const field = document.querySelector(`[name=${arguments[0]}]`); field.value = arguments[1]; field.dispatchEvent(new Event('input', {bubbles: true}))"


def choose(browser, name, *values):
    for value in values:
        browser.find(f'[name="{name}"][value="{value}"]').click()


def answer_quiz(browser):
    browser.fill({"gate": ANSWERS[browser.find(".wpcf7-quiz-label").text]})


def fill(browser, drawing):
    browser.fill(TEXTS)
    browser.run(SETS, "due", DUE)
    browser.run(SETS, "scale", "20")
    choose(browser, "parts[]", "門", "柵")
    choose(browser, "finish", "塗装する", "木地のまま")
    choose(browser, "answer-by", "電話")
    choose(browser, "heard[]", "その他")
    browser.fill({"_wpcf7_free_text_heard": "街道の案内板"})
    Select(browser.find("[name=desk]")).select_by_visible_text("新しく作る")
    for paper in ("価格表", "納品事例集"):
        Select(browser.find('[name="papers[]"]')).select_by_visible_text(paper)
    browser.find("[name=drawing]").send_keys(str(drawing))
    answer_quiz(browser)


def marked(browser):
    """{field: its mark}, in the order of the page, of all that are marked as wrong; checks that each has its text below it."""
    found = {}
    for tip in browser.find_all(".wpcf7-not-valid-tip"):
        name = browser.run("return arguments[0].closest('.wpcf7-form-control-wrap').dataset.name", tip)
        mark = browser.find(f"[aria-invalid=true][aria-describedby={tip.get_attribute('id')}]")
        above = browser.find(f".wpcf7-form-control-wrap[data-name={name}] > :not(.wpcf7-not-valid-tip, [type=hidden])")
        below = tip.rect["y"] - (above.rect["y"] + above.rect["height"])
        assert tip.is_displayed() and tip.text and -2 <= below <= 12, f"the error of {name} stands {below} pixels below its field"
        found[name] = mark
    assert len(found) == len(browser.find_all("[aria-invalid=true]"))
    return found


def sticking_out(browser):
    """Controls and their names that do not fit into the page's column."""
    return browser.run("const box = document.querySelector('form').getBoundingClientRect();"
                       "return [...document.querySelectorAll('form :is(input, select, textarea, label, legend, output)')].filter(e => {"
                       "const r = e.getBoundingClientRect(); return r.width > 0 && (r.left < box.left - 1 || r.right > box.right + 1); }).map(e => e.outerHTML)")


def assert_arrived(smtp, drawing):
    # The visitor is asked for his consent beside it.
    def notices():
        return [mail for mail in smtp.mails() if mail["Envelope-To"] == "owner@example.test"]
    mail, = wait_for(notices, "the notice", 60)
    html = mail.message.get_body(("html",)).get_content()
    for text in (TEXTS["your-message"], "門(PRT-01)、柵(PRT-03)", "木地のまま", "その他 街道の案内板", "1/20", "製作課", "価格表、納品事例集"):
        assert text in html
    assert "塗装する" not in html
    attached, = mail.message.iter_attachments()
    assert attached.get_filename() == "門の図面.pdf" and attached.get_content() == drawing.read_bytes()


@pytest.fixture
def drawing(stage):
    path = stage.write("門の図面.pdf", "")
    path.write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 100)
    return path


def test_mistakes_then_success(stage, smtp, gateway, web, chromium, look, drawing):
    width, scheme = look
    browser = chromium.open(web.url(PAGE), width, scheme)
    browser.wait(f"[name=_wpcf7_quiz_answer_gate]:not([value='{PAGES_HASH}'])")
    assert browser.barriers() == [] and sticking_out(browser) == []
    assert not browser.find(".wpcf7-free-text").is_enabled() and browser.find("output").text == "50"
    browser.picture(f"estimate-{width}-{scheme}-empty")

    assert send(browser, {"units": "3"}, "validation_failed") == "入力に不備があります。表示された項目をご確認ください。"
    assert list(marked(browser)) == REQUIRED
    assert browser.driver.switch_to.active_element.get_attribute("name") == "your-name" and is_in_view(browser, "#your-name")
    assert browser.barriers() == [] and sticking_out(browser) == []
    browser.picture(f"estimate-{width}-{scheme}-mistakes")

    fill(browser, stage.write("門の図面.exe", "MZ"))
    assert not browser.find('[name=finish][value="塗装する"]').is_selected(), "one of the two at most"
    assert browser.find(".wpcf7-character-count").text == str(400 - len(TEXTS["your-message"]))
    assert browser.find(".wpcf7-reflection").text == TEXTS["your-email"] and browser.find("output").text == "20"
    send(browser, {"for-resale": "1"}, "acceptance_missing")
    assert list(marked(browser)) == ["for-resale"]
    send(browser, {"for-resale": ""}, "validation_failed")
    assert {name: mark.get_attribute("type") for name, mark in marked(browser).items()} == {"drawing": "file"}
    assert browser.driver.switch_to.active_element.get_attribute("name") == "drawing" and is_in_view(browser, "#drawing")
    assert browser.barriers() == [] and sticking_out(browser) == []
    browser.picture(f"estimate-{width}-{scheme}-filled")

    browser.find("[name=drawing]").send_keys(str(drawing))
    assert "お問い合わせを受け付けました" in send(browser, {}, "mail_sent")
    assert is_in_view(browser, ".wpcf7-response-output") and marked(browser) == {}
    assert browser.values(["your-name", "drawing", "your-message", "gate"]) == {"your-name": "", "drawing": "", "your-message": "", "gate": ""}
    assert not browser.find_all("form input[type=checkbox]:checked") and browser.find(".wpcf7-character-count").text == "400"
    assert browser.find("[name=_wpcf7_quiz_answer_gate]").get_attribute("value") != PAGES_HASH
    assert browser.barriers() == []
    browser.picture(f"estimate-{width}-{scheme}-sent")
    assert browser.console_errors() == []
    assert_arrived(smtp, drawing)


def press(browser, heading):
    browser.find(".wpcf7-submit").click()
    wait_for(lambda: not browser.find_all("form") and browser.find_all("h1"), "the answer's page")
    assert browser.find("h1").text == heading and not browser.is_wider_than_the_screen()


def test_without_javascript(smtp, gateway, web, chromium, look, drawing):
    width, scheme = look
    browser = chromium.open(web.url(PAGE), width, scheme, scripts=False)
    assert not browser.find(".needs-script").is_displayed() and sticking_out(browser) == []
    browser.picture(f"estimate-no-script-{width}-{scheme}-empty")
    fill(browser, drawing)
    # Without a script nothing takes the other tick away.
    choose(browser, "finish", "塗装する")
    browser.fill({"gate": "番所"})
    press(browser, "まだ送信されていません")
    text = browser.find("main").text
    assert "確認のための質問" in text and "答えが違います" in text
    browser.picture(f"estimate-no-script-{width}-{scheme}-mistake")

    browser.driver.back()
    assert browser.values(["your-name", "your-message", "due"]) == {"your-name": TEXTS["your-name"], "your-message": TEXTS["your-message"], "due": DUE}
    answer_quiz(browser)
    if not browser.values(["drawing"])["drawing"]:
        browser.find("[name=drawing]").send_keys(str(drawing))
    press(browser, "送信しました")
    assert browser.console_errors() == []
    assert_arrived(smtp, drawing)
