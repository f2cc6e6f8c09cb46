"""The example page without JavaScript: the browser posts the form, and the gateway's own pages answer."""

import visitor
from scene import wait_mails
from stage import wait_for
from web import Nginx

NAMES = list(visitor.SAMPLE)
SAMPLE = {**visitor.SAMPLE, "your-message": visitor.SAMPLE["your-message"].replace("\n", " ")}


def send(browser, values, heading):
    browser.fill(values)
    browser.find(".wpcf7-submit").click()
    wait_for(lambda: not browser.find_all("form") and browser.find_all("h1"), "the answer's page")
    assert browser.find("h1").text == heading
    assert not browser.is_wider_than_the_screen()


def barriers(browser):
    """axe is a script: it comes in by the devtools, after the page is there."""
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
    found = browser.barriers()
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    return found


def test_mistakes_then_success(smtp, gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(web.url(), width, scheme, scripts=False)
    assert not browser.run("return document.querySelector('form').noValidate"), "a script has run"
    browser.picture(f"no-script-{width}-{scheme}-empty")
    # A browser lets this address through, the gateway does not.
    wrong = {**SAMPLE, "your-email": "hanako@visitor"}
    send(browser, wrong, "まだ送信されていません")
    text = browser.find("main").text
    assert "入力に不備があります" in text and "メールアドレスの形" in text and "「戻る」" in text
    browser.picture(f"no-script-{width}-{scheme}-mistakes")
    assert barriers(browser) == []
    assert browser.console_errors() == []

    browser.driver.back()
    assert browser.values(NAMES) == wrong, "what the visitor typed is gone"
    send(browser, SAMPLE, "送信しました")
    text = browser.find("main").text
    assert "お問い合わせを受け付けました" in text
    browser.picture(f"no-script-{width}-{scheme}-sent")
    assert barriers(browser) == []
    assert browser.console_errors() == []
    mail, = wait_mails(smtp, 1)
    assert SAMPLE["your-message"] in mail.text
    browser.find("main a").click()
    browser.wait("form")
    assert browser.driver.current_url.split("#")[0] == web.url()


def test_gateway_is_stopped(stage, chromium, look):
    width, scheme = look
    web = stage.add(Nginx(stage, stage.directory / "front.sock")).start()
    browser = chromium.open(web.url(), width, scheme, scripts=False)
    send(browser, SAMPLE, "送信できませんでした")
    browser.picture(f"no-script-{width}-{scheme}-stopped")
    assert barriers(browser) == []
    browser.driver.back()
    assert browser.values(NAMES) == SAMPLE
