"""A real browser as a page's user sits before it: what it complains of, and what keeps people out of a page."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request, expect

from tests.server import Server

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PHONE_WIDTH = 360
_SEVERE = ("serious", "critical")
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)  # the machine may be busy

Colours = Literal["light", "dark"]
COLOURS: tuple[Colours, ...] = ("light", "dark")


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium, without a window and without its own traffic."""
    return playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(_FLAGS))


class Visit:
    """A visitor of one server with a fresh browser profile; notes everything that a page should not do."""

    def __init__(
        self, browser: Browser, server: Server, *, colours: Colours = "light", width: int = 1280, height: int = 800
    ) -> None:
        self._hosts: set[str] = set()
        self._excused: list[re.Pattern[str]] = []
        self._troubles: list[str] = []
        self.server = server
        self.allow(server)
        self.context: BrowserContext = browser.new_context(
            color_scheme=colours, viewport={"width": width, "height": height}
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self._troubles.append(f"page error: {error.error}"))
        self.context.on("request", self._requested)
        self.page: Page = self.context.new_page()

    def open(self, path: str, *, artifacts: bool = False) -> Page:
        """The page at the path of the gateway, or of the artifact port, loaded."""
        self.page.goto((self.server.artifacts_url if artifacts else self.server.url) + path)
        return self.page

    def allow(self, server: Server) -> None:
        """The pages may ask this server, too."""
        self._hosts |= {urlsplit(url).netloc for url in (server.url, server.artifacts_url)}

    def excuse(self, pattern: str) -> None:
        """Complaints that match are what the test is about: Chromium tells of every answer that is an error."""
        self._excused.append(re.compile(pattern))

    def close(self) -> None:
        """The visit is over.

        Raises:
            AssertionError: a page logged an error, raised one, or asked another host than the server.
        """
        self.context.close()
        left = [trouble for trouble in self._troubles if not any(known.search(trouble) for known in self._excused)]
        assert not left, "\n".join(left)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._troubles.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _requested(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"blob", "data"} and url.netloc not in self._hosts:
            self._troubles.append(f"request to another host: {request.url}")


def assert_fits_a_phone(page: Page) -> None:
    """Nothing of the page lies beside a window of 360 px; its size is then as before."""
    before = page.viewport_size
    page.set_viewport_size({"width": _PHONE_WIDTH, "height": 740})
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= _PHONE_WIDTH, _too_wide(page)
    finally:
        if before:
            page.set_viewport_size(before)


def assert_accessible(page: Page) -> None:
    """axe-core finds nothing serious in the page, in light and in dark."""
    for colours in COLOURS:
        page.emulate_media(color_scheme=colours)
        found = Axe().run(page).response["violations"]
        severe = [violation for violation in found if violation["impact"] in _SEVERE]
        assert not severe, f"in {colours}:\n" + "\n".join(map(_described, severe))


def press(page: Page, keys: Sequence[str]) -> None:
    """The keys, one after the other, wherever the focus is."""
    for key in keys:
        page.keyboard.press(key)


def is_drawn(page: Page, selector: str) -> bool:
    """Whether the `<img>` has a picture in it."""
    try:
        return bool(page.eval_on_selector(selector, "image => image.complete && image.naturalWidth > 0"))
    except Error:  # there is no such image
        return False


def _described(violation: dict[str, object]) -> str:
    nodes = violation["nodes"]
    assert isinstance(nodes, list)
    where = [f"    {node['target']}: {node['failureSummary']}" for node in nodes]
    return "\n".join([f"{violation['id']}: {violation['help']}", *where])


def _too_wide(page: Page) -> str:
    """The elements that reach beyond the window."""
    return str(
        page.evaluate(
            """() => [...document.querySelectorAll("body *")]
                .filter((element) => element.getBoundingClientRect().right > innerWidth)
                .map((element) => element.outerHTML.slice(0, 120)).join("\\n")"""
        )
    )
