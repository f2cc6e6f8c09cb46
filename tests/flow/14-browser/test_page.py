"""The example page with JavaScript: what a visitor sees, at the width of a phone and of a desk, light and dark."""

import socket

import pytest
import visitor
from scene import wait_mails
from servers import make_server
from stage import WEB_USER
from web import Nginx

NAMES = list(visitor.SAMPLE)
SAMPLE = {**visitor.SAMPLE, "your-message": visitor.SAMPLE["your-message"].replace("\n", " ")}
ERROR_PAGE = "error_page 413 502 503 504 =200 @sekisho_busy_json;"


def top_of_button(browser):
    return browser.run("return document.querySelector('.wpcf7-submit').getBoundingClientRect().top + scrollY")


def send(browser, values, status):
    """Fills in, presses the button, and waits for the end; checks what holds at every end."""
    browser.fill(values)
    top, moved = top_of_button(browser), browser.moved()
    browser.find(".wpcf7-submit").click()
    browser.wait(f"form[data-status={status}]")
    browser.wait(".wpcf7-submit:not([aria-disabled])")
    assert not browser.find(".wpcf7-spinner").is_displayed(), "the spinner turns on"
    assert top_of_button(browser) == pytest.approx(top, abs=0.5), "the button has moved"
    assert browser.moved() - moved < 0.001 and not browser.is_wider_than_the_screen()
    output = browser.find(".wpcf7-response-output")
    assert output.is_displayed() and output.text
    spoken = browser.run("return document.querySelector('.screen-reader-response [role=status]').textContent")
    assert spoken == output.text, "screen readers hear another text"
    return output.text


def is_in_view(browser, selector):
    return browser.run("const r = document.querySelector(arguments[0]).getBoundingClientRect(); return r.top > -1 && r.bottom < innerHeight + 1", selector)


def test_mistakes_then_success(smtp, gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(web.url(), width, scheme)
    assert browser.barriers() == []
    browser.picture(f"page-{width}-{scheme}-empty")

    wrong = {**SAMPLE, "your-name": "", "your-email": "hanako@visitor", "your-message": ""}
    assert send(browser, wrong, "validation_failed") == "入力に不備があります。表示された項目をご確認ください。"
    marked = {field.get_attribute("name"): field for field in browser.find_all("[aria-invalid=true]")}
    assert list(marked) == ["your-name", "your-email", "your-message"]
    for name, field in marked.items():
        tip = browser.find(f"#{field.get_attribute('aria-describedby')}")
        assert tip.is_displayed() and tip.text
        below = tip.rect["y"] - (field.rect["y"] + field.rect["height"])
        assert -1 <= below <= 12, f"the error of {name} stands {below} pixels below its field"
    assert browser.driver.switch_to.active_element.get_attribute("name") == "your-name" and is_in_view(browser, "#your-name")
    assert browser.values(NAMES) == wrong, "what the visitor typed has changed"
    assert browser.barriers() == []
    browser.picture(f"page-{width}-{scheme}-mistakes")

    assert "お問い合わせを受け付けました" in send(browser, SAMPLE, "mail_sent")
    assert is_in_view(browser, ".wpcf7-response-output"), "the visitor does not see that it was sent"
    assert browser.find_all("[aria-invalid=true]") == browser.find_all(".wpcf7-not-valid-tip") == []
    assert not any(browser.values(NAMES).values())
    assert browser.barriers() == []
    browser.picture(f"page-{width}-{scheme}-sent")
    assert browser.console_errors() == []
    mail, = wait_mails(smtp, 1)
    assert SAMPLE["your-message"] in mail.text


def test_consent_is_asked_for(gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(web.url(), width, scheme)
    values = {**SAMPLE, "your-consent": ""}
    text = send(browser, values, "acceptance_missing")
    field, = browser.find_all("[aria-invalid=true]")
    assert field.get_attribute("name") == "your-consent" and browser.find(f"#{field.get_attribute('aria-describedby')}").text == text
    assert browser.moved() < 0.001, "the page moved while it was loading"
    assert browser.driver.switch_to.active_element.get_attribute("name") == "your-consent" and is_in_view(browser, "[name=your-consent]")
    assert browser.values(NAMES) == values and browser.barriers() == []
    browser.picture(f"page-{width}-{scheme}-consent")
    assert browser.console_errors() == []


def hang(stage, web, browser):
    """A gateway that takes the request and never answers; the page's patience is made short."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(web.gateway_socket))
    listener.listen()
    web.gateway_socket.chmod(0o660)
    stage.give(web.gateway_socket, WEB_USER)
    browser.run("const timeout = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = () => timeout(500)")
    return listener


# Changes in nginx's snippets, what is done before the button is pressed, the beginning of the text, and whether the console may speak.
LARGE = ("client_max_body_size 32m;", "client_max_body_size 1k;")
OWN, PAGES = "送信できませんでした。しばらく", "送信できませんでした。入力内容"
TROUBLES = {
    "stopped": ([], lambda *_: None, OWN, False),
    "too-large": ([LARGE], lambda *_: None, OWN, False),
    "bare-502": ([(ERROR_PAGE, "")], lambda *_: None, PAGES, True),
    "bare-413": ([LARGE, (ERROR_PAGE, "")], lambda *_: None, PAGES, True),
    "no-server": ([], lambda stage, web, browser: web.stop(), PAGES, True),
    "hangs": ([], hang, PAGES, True),
}


@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_trouble_ends(stage, chromium, trouble):
    """Whatever goes wrong: a text that says so, no spinner, the visitor's words kept; with the shipped snippets not even the console complains."""
    changes, before, text, is_loud = TROUBLES[trouble]
    web = stage.add(Nginx(stage, stage.directory / "front.sock", changes)).start()
    web.gateway_socket = stage.directory / "front.sock"
    snippets = "".join(path.read_text(encoding="utf-8") for path in web.snippets.iterdir())
    assert all(old not in snippets for old, _ in changes)
    width, scheme = (375, "dark") if trouble in ("stopped", "bare-413", "hangs") else (1280, "light")
    browser = chromium.open(web.url(), width, scheme)
    browser.fill(SAMPLE)
    kept = before(stage, web, browser)
    assert send(browser, {}, "mail_failed").startswith(text)
    assert is_in_view(browser, ".wpcf7-response-output")
    assert browser.values(NAMES) == SAMPLE
    assert browser.barriers() == []
    browser.picture(f"trouble-{trouble}-{width}-{scheme}")
    assert is_loud or browser.console_errors() == []
    del kept
