"""A person opens the link and presses the button in a real browser, without JavaScript, on small and large screens, with mouse and keyboard."""

import pytest
import visitor
from gateway import Gateway
from replies import ADDRESS, SUBJECT, let_reply, link_in, post, wait_mails_to
from scene import assert_sent
from selenium.webdriver.common.keys import Keys
from stage import wait_for

LOOKS = [(width, scheme) for width in (375, 1280) for scheme in ("light", "dark")]


@pytest.fixture
def gateway(stage, smtp, watch):
    gateway = stage.add(Gateway(stage, smtp))
    let_reply(gateway)
    return watch(gateway).start()


def barriers(browser):
    """axe is a script: it comes in by the devtools, after the page is there."""
    browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
    found = browser.barriers()
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    return found


def look_at(browser, name):
    browser.picture(name)
    assert not browser.is_wider_than_the_screen()
    assert barriers(browser) == []
    assert browser.console_errors() == []


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def test_the_button(smtp, gateway, web, chromium, look):
    width, scheme = look
    name = f"confirm-{width}-{scheme}"
    assert_sent(post(web))
    mail, = wait_mails_to(smtp, ADDRESS, 1)
    browser = chromium.open(link_in(mail), width, scheme, scripts=False)
    assert browser.find("h1").text == "メールアドレスの確認" and browser.find("html").get_attribute("lang") == "ja"
    button, = browser.find_all("button")
    assert button.text == "返信メールを受け取る" and button.size["height"] >= 44
    look_at(browser, f"{name}-asked")
    # By keyboard: the button is the page's only stop.
    browser.find("body").send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element == button
    browser.picture(f"{name}-focus")
    button.send_keys(Keys.ENTER)
    wait_for(lambda: not browser.find_all("form") and browser.find_all("h1"), "the answer's page")
    assert browser.find("h1").text == "確認しました" and "t=" not in browser.driver.current_url
    look_at(browser, f"{name}-done")
    reply = wait_mails_to(smtp, ADDRESS, 2)[1]
    assert SUBJECT in reply["Subject"]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def test_a_link_that_was_cut_off(gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(web.url("/sekisho/confirm?t=AQ"), width, scheme, scripts=False)
    assert browser.find("h1").text == "確認できませんでした" and not browser.find_all("form")
    # Chromium itself notes that the page is a 404.
    browser.console_errors()
    look_at(browser, f"confirm-{width}-{scheme}-cut")


@pytest.mark.parametrize("look", LOOKS[:2], ids=lambda look: f"{look[0]}-{look[1]}")
def test_hints_on_the_page(gateway, web, chromium, look):
    """With the page's script and without it."""
    width, scheme = look
    values = {**visitor.SAMPLE, "your-email": "hanako.docomo@docomo.ne.jp", "your-message": "はじめまして。"}
    browser = chromium.open(web.url(), width, scheme)
    browser.fill(values)
    browser.find(".wpcf7-submit").click()
    wait_for(lambda: "ドコモ" in browser.find(".wpcf7-response-output").text, "the hint below the form")
    assert browser.find(".wpcf7-response-output").text.count("\n") == 2
    browser.picture(f"hints-{width}-{scheme}-script")
    assert browser.barriers() == [] and not browser.is_wider_than_the_screen()
    browser = chromium.open(web.url(), width, scheme, scripts=False)
    browser.fill(values)
    browser.find(".wpcf7-submit").click()
    wait_for(lambda: not browser.find_all("form") and browser.find_all("h1"), "the answer's page")
    assert "ドコモのメールアドレスをお使いの場合は、example.test からの" in browser.find("main").text
    look_at(browser, f"hints-{width}-{scheme}-page")
