"""The API page, as somebody reads and tries the API on it."""

import json

from playwright.sync_api import expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.server import Server


def test_a_request_is_tried_on_the_page(visit: Visit, server: Server) -> None:
    """An environment is made with it, and its document read, by keyboard alone."""
    page = visit.open("/docs")
    route = page.locator("details", has=page.get_by_text("POST /v2/envs", exact=True))
    route.locator("summary").focus()
    page.keyboard.press("Enter")
    route.get_by_label("body (JSON)").fill(json.dumps({"env_id": "FrozenLake-v1"}))
    route.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    answer = route.get_by_label("The answer")
    expect(answer).to_contain_text("201")
    made = json.loads(answer.inner_text().partition("\n")[2])
    assert server.document(made["instance_id"])["env_id"] == "FrozenLake-v1"


def test_an_error_is_shown_as_text(visit: Visit) -> None:
    """Markup in what was typed comes back in the error, and stays text."""
    visit.excuse("status of 404")
    page = visit.open("/docs")
    route = page.locator("details", has=page.get_by_text("POST /v2/envs", exact=True))
    route.locator("summary").click()
    route.get_by_label("body (JSON)").fill(json.dumps({"env_id": "<img src=x onerror=alert(1)>"}))
    route.get_by_role("button", name="Send").click()
    answer = route.get_by_label("The answer")
    expect(answer).to_contain_text("404")
    expect(answer).to_contain_text("<img src=x")
    expect(answer.locator("img")).to_have_count(0)


def test_it_is_for_everybody(visit: Visit) -> None:
    """On a phone, in the dark, with a screen reader."""
    page = visit.open("/docs")
    expect(page.locator("#message")).to_be_hidden()
    page.locator("details summary").first.click()
    assert_fits_a_phone(page)
    assert_accessible(page)
