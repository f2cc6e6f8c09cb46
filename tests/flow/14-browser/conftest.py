import pytest
from browser import Browser

WIDTHS, SCHEMES = (375, 1280), ("light", "dark")


@pytest.fixture(scope="module")
def chromium():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in SCHEMES], ids=lambda look: f"{look[0]}-{look[1]}")
def look(request):
    return request.param
