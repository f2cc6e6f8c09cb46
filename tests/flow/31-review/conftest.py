import pytest
from browser import Browser


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    # Without a window it asks in English, whatever --lang says.
    browser.devtools("Network.enable")
    browser.devtools("Network.setExtraHTTPHeaders", headers={"Accept-Language": "ja"})
    yield browser
    browser.close()
