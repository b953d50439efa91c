"""A server that asks for tokens, as somebody sees it who has one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.security.holders import STRANGER, TOKENS, Guarded, guarded_server
from tests.server import Server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The server, with an instance of two of its users."""
    with guarded_server(tmp_path_factory.mktemp("server")) as running:
        for name in ("alice", "bob"):
            running.created(name, labels={"user": name})
        yield running


@pytest.fixture(scope="module")
def server(guarded: Guarded) -> Server:
    """The one that is visited."""
    return guarded.server


def test_who_logs_in_goes_on_to_the_page_and_sees_what_is_theirs(visit: Visit) -> None:
    """By keyboard; the dashboard's pictures, its feed and its buttons work with the cookie."""
    visit.excuse("status of 401")
    page = visit.open("/dashboard")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(TOKENS["alice"])
    page.keyboard.press("Enter")
    expect(page.get_by_text("user: alice")).to_be_visible()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Logs").click()
    expect(page.get_by_role("dialog")).to_contain_text("It has printed nothing.")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Play").first.click()
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#length")).to_have_text("0")


def test_an_observer_is_told_that_it_only_looks(visit: Visit, guarded: Guarded) -> None:
    """It sees everything, and changes nothing."""
    visit.excuse("status of 40[13]")
    page = visit.open("/dashboard")
    page.get_by_label("Token").fill(TOKENS["watcher"])
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("button", name="Kill").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    expect(page.get_by_role("status").first).to_contain_text("only reads")
    assert {document["state"] for document in guarded.api["root"].get("/v2/envs").json()["envs"]} == {"ready"}


def test_a_wrong_token_is_said_to_be_wrong(visit: Visit) -> None:
    """On a page for everybody."""
    visit.excuse("status of 401")
    page = visit.open("/dashboard")
    page.get_by_label("Token").fill(STRANGER)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("status")).to_have_text("This is no token of this server.")
    expect(page.get_by_label("Token")).to_be_focused()
    assert_fits_a_phone(page)
    assert_accessible(page)
