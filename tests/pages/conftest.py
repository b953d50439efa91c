"""A browser for the tests of the pages; what any page must not do fails its test."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.pages.browser import CHROMIUM, PATIENCE_MS, Visit, launch
from tests.server import Server

NewVisit = Callable[..., Visit]

expect.set_options(timeout=PATIENCE_MS)


# Of a module, not of the session: Playwright's loop would be in the way of the asynchronous tests of other folders.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one module."""
    if not CHROMIUM.exists():
        reason = f"the pages are tested in {CHROMIUM}, which is not there; Debian's package is called chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright, closing(launch(playwright)) as started:
        yield started


@pytest.fixture
def new_visit(browser: Browser, server: Server) -> Iterator[NewVisit]:
    """Makes visitors, who share nothing; arguments as of `Visit`."""
    with ExitStack() as visits:

        def make(**kind: Any) -> Visit:
            return visits.enter_context(closing(Visit(browser, server, **kind)))

        yield make


@pytest.fixture
def visit(new_visit: NewVisit) -> Visit:
    """A visitor in light colours, at a desk."""
    return new_visit()
