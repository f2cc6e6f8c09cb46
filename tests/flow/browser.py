"""A headless Chromium, steered by selenium: a visitor's eyes (width, light or dark), with JavaScript or without."""

import base64
import os
import pathlib
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from stage import wait_for

ARGUMENTS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
             "--disable-sync --disable-dev-shm-usage --lang=ja --no-proxy-server")
HEIGHT = 900
# All that moved without being asked to since the page was opened; a scroll is no move.
WATCH_MOVES = "window.moves = []; new PerformanceObserver(list => moves.push(...list.getEntries())).observe({type: 'layout-shift', buffered: true});"


class Browser:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-browser-"))
        options = webdriver.ChromeOptions()
        for argument in [*ARGUMENTS.split(), f"--user-data-dir={self.folder / 'profile'}"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        environment = {**os.environ, "HOME": str(self.folder), "TMPDIR": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder)}
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver", env=environment), options=options)
        self.driver.set_script_timeout(60)
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH_MOVES)

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def devtools(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def open(self, url, width, scheme, scripts=True):
        """A page, freshly loaded, as a visitor with such a screen sees it."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(url)
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def fill(self, values):
        """Types texts into fields, ticks boxes ("1") and unticks them ("")."""
        for name, value in values.items():
            field = self.find(f"[name={name}]")
            if field.get_attribute("type") == "checkbox":
                if field.is_selected() != bool(value):
                    field.click()
            else:
                field.clear()
                field.send_keys(value)

    def values(self, names):
        return {name: self.run("const f = document.querySelector(`[name=${arguments[0]}]`); return f.type === 'checkbox' ? (f.checked ? '1' : '') : f.value", name)
                for name in names}

    def wait(self, selector, seconds=30):
        return wait_for(lambda: next(iter(self.find_all(selector)), None), f"{selector} on the page", seconds)

    def console_errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def moved(self):
        """The sum of layout shifts, as Web Vitals counts them but those after a click too."""
        return self.run("return moves.reduce((sum, move) => sum + move.value, 0)")

    def is_wider_than_the_screen(self):
        return self.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def barriers(self):
        """What axe finds: one line for each rule and element."""
        if not self.run("return 'axe' in window"):
            self.run(pathlib.Path(os.environ["SEKISHO_AXE"]).read_text(encoding="utf-8"))
        found = self.driver.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done, e => done(String(e)))")
        assert isinstance(found, dict) and len(found["passes"]) > 5, found
        return [f"{rule['id']}: {node['html']}: {node['failureSummary']}" for rule in found["violations"] for node in rule["nodes"]]

    def picture(self, name):
        """A picture of the whole page for a person's eyes, in the folder that SEKISHO_PICTURES names."""
        if folder := os.environ.get("SEKISHO_PICTURES"):
            size = self.run("return {width: document.documentElement.clientWidth, height: Math.max(innerHeight, document.documentElement.scrollHeight)}")
            taken = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip={"x": 0, "y": 0, "scale": 1, **size})
            (pathlib.Path(folder) / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))
