"""A person reads the mail, opens the link and decides, in a real browser without JavaScript: on small and large screens, by mouse and by keyboard alone."""

import urllib.parse

import pytest
import visitor
from desk import HELD, PASSED, held_link, hidden_of, links_in, mails_with, passed_link, wait_mail
from selenium.webdriver.common.keys import Keys
from stage import wait_for

LOOKS = [(width, scheme) for width in (375, 1280) for scheme in ("light", "dark")]
EACH_LOOK = pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")


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


def wait_title(browser, words):
    # In one step, because the page changes meanwhile.
    wait_for(lambda: words in browser.run("return document.querySelector('h1')?.textContent || ''"), f"a page with {words}")


def press_key_until(browser, key, is_there):
    """Presses a key until the focus is on what is looked for, as a person does who has no mouse; what was passed on the way."""
    stops = []
    for _ in range(40):
        browser.driver.switch_to.active_element.send_keys(key)
        focused = browser.driver.switch_to.active_element
        stops.append(focused.get_attribute("value") or focused.text)
        if is_there(focused):
            return stops
    raise AssertionError(f"never there: {stops}")


@EACH_LOOK
def test_release_by_mouse(smtp, gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(held_link(smtp, web), width, scheme, scripts=False)
    assert browser.find("h1").text == "確認待ちのお問い合わせ" and browser.find("html").get_attribute("lang") == "ja"
    assert HELD["your_name"] in browser.find(".typed").text
    for button in browser.find_all("button"):
        assert button.size["height"] >= 44 and button.get_attribute("aria-describedby")
    look_at(browser, f"review-{width}-{scheme}-held")
    browser.find("button[value=release]").click()
    wait_title(browser, "受け付けました")
    assert "t=" not in browser.driver.current_url
    look_at(browser, f"review-{width}-{scheme}-done")
    wait_mail(smtp, HELD["your_subject"])
    # The mail is still in the mailbox.
    link, = links_in(mails_with(smtp, "確認待ち")[0])
    browser.open(link, width, scheme, scripts=False)
    wait_title(browser, "終わっています")
    # Chromium itself notes that the page is a 410.
    browser.console_errors()
    look_at(browser, f"review-{width}-{scheme}-over")


@EACH_LOOK
def test_block_from_a_notice(smtp, gateway, web, chromium, look):
    width, scheme = look
    browser = chromium.open(passed_link(smtp, web), width, scheme, scripts=False)
    assert browser.find("h1").text == "お届け済みのお問い合わせ"
    look_at(browser, f"review-{width}-{scheme}-passed")
    # Without a choice the browser itself asks for one.
    browser.find("button.block").click()
    assert browser.find_all("form") and "t=" in browser.driver.current_url
    browser.find("input[value=block-address]").click()
    browser.find("button.block").click()
    wait_title(browser, "受け付けました")
    assert "今後お断りします" in browser.find("main").text


def test_by_keyboard_alone(smtp, gateway, web, chromium):
    browser = chromium.open(held_link(smtp, web), 1280, "light", scripts=False)
    browser.find("body").send_keys(Keys.TAB)
    skip = browser.driver.switch_to.active_element
    assert skip.text == "ボタンへ進む"
    browser.picture("review-keyboard-skip")
    skip.send_keys(Keys.ENTER)
    assert browser.driver.current_url.endswith("#decide")
    # The first stop behind the jump is the first button; each order has one.
    stops = press_key_until(browser, Keys.TAB, lambda focused: focused.get_attribute("type") == "radio")
    assert stops[:3] == ["release", "release-allow", "discard"]
    browser.picture("review-keyboard-choice")
    choice = browser.driver.switch_to.active_element
    choice.send_keys(Keys.SPACE)
    choice.send_keys(Keys.ARROW_DOWN)
    assert browser.driver.switch_to.active_element.get_attribute("value") == "discard-block-network"
    press_key_until(browser, Keys.TAB, lambda focused: focused.tag_name == "button")
    browser.picture("review-keyboard-button")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    wait_title(browser, "受け付けました")
    wait_for(lambda: gateway.sekisho_json("list"), "the entry of the list")
    assert not mails_with(smtp, HELD["your_subject"])


def test_a_page_of_another_site_presses_nothing(smtp, gateway, web, chromium):
    """It knows link and page's token, which no other site can know, and is refused all the same, because the browser says whose page it is."""
    link = held_link(smtp, web)
    hidden = hidden_of(visitor.request(link).text)
    inputs = "".join(f"<input name={name} value={value}>" for name, value in {**hidden, "d": "release"}.items())
    page = f"<form method=post action={link.split('?')[0]}>{inputs}<button>Win</button></form>"
    browser = chromium.open("data:text/html," + urllib.parse.quote(page), 1280, "light", scripts=False)
    browser.find("button").click()
    wait_title(browser, "処理できませんでした")
    # Chromium itself notes that the page is a 403.
    browser.console_errors()
    look_at(browser, "review-other-site")
    assert "何も変更していません" in browser.find("main").text and gateway.sekisho_json("held")[0]["status"] == "held"
    # What the page offers then is the way back.
    browser.find("main a").click()
    wait_title(browser, "確認待ち")


def test_in_english(smtp, gateway, web, chromium):
    chromium.devtools("Network.setExtraHTTPHeaders", headers={"Accept-Language": "en"})
    try:
        for width, scheme in LOOKS[::3]:
            browser = chromium.open(held_link(smtp, web) if width == 375 else passed_link(smtp, web), width, scheme, scripts=False)
            assert browser.find("html").get_attribute("lang") == "en"
            look_at(browser, f"review-{width}-{scheme}-english")
    finally:
        chromium.devtools("Network.setExtraHTTPHeaders", headers={"Accept-Language": "ja"})
    assert PASSED["your_subject"] in browser.find(".typed").text
