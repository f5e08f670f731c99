"""Headless Chromium, driven as a person would: by keys."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE_SECONDS = 120

_TEXTS = """
const [css, without] = arguments;
return Array.from(document.querySelectorAll(css), (element) => {
  const copy = element.cloneNode(true);
  if (without) copy.querySelectorAll(without).forEach((node) => node.remove());
  return copy.textContent;
});
"""


class Chromium:
    """A browser with one window."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, url: str, scheme: str = "light", width: int = 1100, height: int = 900) -> None:
        """Show a page as people with a preference for light or dark pages see it. What was recorded is forgotten."""
        self.prefer(scheme)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self._driver.get_log("performance")  # type: ignore[no-untyped-call]
        self.forget_complaints()
        self._driver.get(url)

    def prefer(self, scheme: str) -> None:
        """Show light or dark pages from now on."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def press(self, *keys: str) -> None:
        """Type, wherever the focus is."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def press_with(self, held: str, key: str) -> None:
        """Type a key while another is held."""
        ActionChains(self._driver).key_down(held).send_keys(key).key_up(held).perform()

    def tab_to(self, css: str) -> None:
        """Go with the tabulator to an element, as who has no mouse."""
        for _ in range(60):
            if self.run("return document.activeElement.matches(arguments[0])", css):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{css} cannot be reached with the tabulator")

    def find(self, css: str) -> list[WebElement]:
        """The elements."""
        return self._driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str, without: str = "") -> list[str]:
        """What is in the elements, without what is in some of those below them."""
        found: list[str] = self.run(_TEXTS, css, without)
        return found

    def wait_for(self, css: str, text: str = "") -> None:
        """Return once there is such an element with such a text."""
        WebDriverWait(self._driver, PATIENCE_SECONDS, poll_frequency=0.05).until(
            lambda _: any(text in found for found in self.texts(css)), f"no {css} with {text!r}"
        )

    def run(self, script: str, *arguments: object) -> Any:
        """What a script in the page returns."""
        return self._driver.execute_script(script, *arguments)  # type: ignore[no-untyped-call]

    def complaints(self) -> list[str]:
        """What the page wrote to the console, and what its policy kept it from."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def forget_complaints(self) -> None:
        """What has been said until now was to be expected."""
        self.complaints()

    def hosts(self) -> set[str]:
        """Whom the page asked for anything."""
        events = (json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance"))  # type: ignore[no-untyped-call]
        urls = (event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent")
        return {urlsplit(url).netloc for url in urls if not url.startswith("data:")}

    def screenshot(self, file: Path) -> None:
        """The whole page, as high as it is."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return document.documentElement.clientWidth")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        file.write_bytes(self._driver.get_screenshot_as_png())


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """A browser that ends with the block.

    Args:
        profile: an empty folder for its files.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless", f"--user-data-dir={profile}", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # root has none; the pages are our own
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver") or ""))
    try:
        yield Chromium(driver)
    finally:
        driver.quit()
