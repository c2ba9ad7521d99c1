"""A page as its reader sees it: rows, what is under the pointer, what is chosen, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import attrs
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

FRAMES = "requestAnimationFrame(() => requestAnimationFrame(arguments[arguments.length - 1]))"


@final
@attrs.frozen
class Browser:
    """One page in Chromium."""

    chrome: Chrome
    folder: Path

    def open(self, page: str, scheme: str = "light") -> None:
        """Show a page from a file, in a light or dark scheme, and wait until it has drawn itself."""
        file = self.folder / "page.html"
        file.write_text(page, encoding="utf-8")
        self.chrome.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        self.complaints()
        self.chrome.get(file.as_uri())
        WebDriverWait(self.chrome, 30).until(lambda chrome: chrome.find_elements(By.CSS_SELECTOR, ".row"))

    def drawn(self) -> None:
        """Wait until everything that was asked for is drawn."""
        self.chrome.execute_async_script(FRAMES)

    def all(self, selector: str) -> list[WebElement]:
        """Find elements."""
        self.drawn()
        return self.chrome.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Find the only element."""
        (found,) = self.all(selector)
        return found

    def labels(self) -> list[str]:
        """The labels of the rows in the document, from top to bottom."""
        self.drawn()
        script = "return [...document.querySelectorAll('.row .label')].map((label) => label.textContent)"
        found: list[str] = self.chrome.execute_script(script)
        return found

    def rows(self) -> dict[str, WebElement]:
        """The rows in the document by their labels."""
        return {row.find_element(By.CSS_SELECTOR, ".label").text: row for row in self.all(".row")}

    def row(self, label: str) -> WebElement:
        """The row with this label."""
        return self.rows()[label]

    def press(self, *keys: str) -> None:
        """Press keys, one after another, in the tree."""
        self.one("#view").send_keys(*keys)

    def search(self, text: str) -> None:
        """Type into the search field."""
        field = self.one("#search")
        field.clear()
        field.send_keys(text or Keys.BACKSPACE)

    def hover(self, element: WebElement) -> str:
        """Move the pointer there; give what is shown under it."""
        ActionChains(self.chrome).move_to_element(element).perform()
        return self.one("#tip").text

    def picture(self, name: str) -> bytes:
        """Take a picture."""
        self.drawn()
        png: bytes = self.chrome.get_screenshot_as_png()
        (self.folder / name).write_bytes(png)
        return png

    def complaints(self) -> list[Any]:
        """What the browser complained about since the page was opened."""
        found: list[Any] = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return found

    def run(self, script: str) -> Any:
        """Run a script in the page."""
        return self.chrome.execute_script(script)
