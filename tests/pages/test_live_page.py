"""The live view of one instance, as somebody looks at it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gateway.artifacts.live import MAX_VIEWERS
from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.pages.marked_up import MARKUP
from tests.server import Server, running_server

_INJECTED = ("img[src=x]", "b")
_PIXELS = """() => {
    const image = document.getElementById("picture");
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height).data.join();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of this module share."""
    imports = ("--import", "tests.envs", "--import", "tests.pages.marked_up")
    with running_server(tmp_path_factory.mktemp("server"), *imports) as running:
        yield running


def create(server: Server, env_id: str, **fields: Any) -> str:
    """The id of a new instance at the beginning of an episode."""
    made = server.http.post("/v2/envs", json={"env_id": env_id, "render_mode": "rgb_array"} | fields)
    assert made.status_code == 201, made.text
    instance_id = str(made.json()["instance_id"])
    assert server.http.post(f"/v2/envs/{instance_id}/reset", json={"seed": 0}).status_code == 200
    return instance_id


def step(server: Server, instance_id: str, *actions: Any) -> int:
    """The status of the answer to these steps."""
    return server.http.post(f"/v2/envs/{instance_id}/step", json={"actions": actions or [0]}).status_code


def look_at(visit: Visit, instance_id: str) -> Page:
    return visit.open(f"/render.html?instance_id={instance_id}", artifacts=True)


def wait_for_picture(page: Page) -> None:
    """Something is drawn on the page."""
    page.wait_for_function("() => document.getElementById('picture').naturalWidth > 0")
    expect(page.locator("#picture")).to_be_visible()


def assert_it_moves(page: Page, go: Callable[[], int]) -> None:
    """After steps enough for the eye, which succeed, the page shows another picture than before."""
    before = page.evaluate(_PIXELS)
    assert go() == 200
    page.wait_for_function(f"before => ({_PIXELS})() !== before", arg=before)


def assert_nothing_is_injected(page: Page) -> None:
    """No element of the page was made of an environment's text."""
    for element in _INJECTED:
        expect(page.locator(element)).to_have_count(0)
    assert page.title() != "injected"


def test_cartpole_moves(visit: Visit, server: Server) -> None:
    """A picture is there though nobody steps; each step is seen within a second, and told beside the picture."""
    instance_id = create(server, "CartPole-v1")
    page = look_at(visit, instance_id)
    wait_for_picture(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("CartPole-v1")
    expect(page.locator("#message")).to_be_hidden()
    for steps in (4, 8):
        assert_it_moves(page, lambda: step(server, instance_id, *[steps // 4 % 2] * 4))  # noqa: B023 - called at once
        expect(page.locator("#step")).to_have_text(str(steps))
    expect(page.locator("#episode")).to_have_text("1")
    expect(page.locator("#return")).to_have_text("8")
    expect(page.locator("#rate")).to_have_text(re.compile(r"\d"))


def test_the_returns_of_past_episodes_are_plotted(visit: Visit, server: Server) -> None:
    """A dot for each; the pointer reads one."""
    instance_id = create(server, "CartPole-v1", autoreset="same_step")
    page = look_at(visit, instance_id)
    chart = page.locator("#returns svg")
    expect(page.locator("#past")).to_be_hidden()
    while server.document(instance_id)["episodes"] < 5:
        step(server, instance_id, 1, 1, 1)
    expect(chart).to_have_attribute("aria-label", re.compile("5 of 5 episodes"))
    returns = server.http.get(f"/v2/envs/{instance_id}/statistics").json()["returns"]
    dots = page.locator("#returns .dots").get_attribute("d") or ""
    assert dots.count("M") == len(returns) == 5
    chart.hover(position={"x": 60, "y": 50})
    expect(page.locator(".readout")).to_contain_text(f"Return at 1: {returns[0]:.0f}")


def test_a_viewer_too_many_sees_one_picture_after_the_other(visit: Visit, server: Server) -> None:
    """The stream is refused, and what others have drawn is seen all the same."""
    visit.excuse("status of 429")
    instance_id = create(server, "CartPole-v1")
    with ExitStack() as others:
        for _ in range(MAX_VIEWERS):
            others.enter_context(server.files.stream("GET", f"/{instance_id}/live"))
        page = look_at(visit, instance_id)
        wait_for_picture(page)
        assert_it_moves(page, lambda: step(server, instance_id, 1, 1, 1, 1))


def test_a_picture_is_not_needed_to_see_what_an_environment_writes(visit: Visit, server: Server) -> None:
    """FrozenLake as text: in its colours, and the agent moves in it."""
    instance_id = create(server, "FrozenLake-v1", render_mode="ansi", kwargs={"is_slippery": False})
    page = look_at(visit, instance_id)
    text, agent = page.locator("#text"), page.locator("#text .paper-1")
    expect(agent).to_have_text("S")
    expect(page.locator("#picture")).to_be_hidden()
    step(server, instance_id, 2)
    expect(text).to_contain_text("(Right)")
    expect(agent).to_have_text("F")
    assert_accessible(page)


def test_an_instance_that_has_not_begun_says_so(visit: Visit, server: Server) -> None:
    """And shows its first picture when it has."""
    made = server.http.post("/v2/envs", json={"env_id": "CartPole-v1", "render_mode": "rgb_array"}).json()
    page = look_at(visit, made["instance_id"])
    expect(page.locator("#message")).to_contain_text("no picture yet")
    server.http.post(f"/v2/envs/{made['instance_id']}/reset")
    wait_for_picture(page)
    expect(page.locator("#message")).to_be_hidden()


def test_an_environment_that_cannot_be_drawn_says_so(visit: Visit, server: Server) -> None:
    """Its steps and returns are told all the same."""
    instance_id = create(server, "CartPole-v1", render_mode=None)
    page = look_at(visit, instance_id)
    expect(page.locator("#message")).to_contain_text("cannot be drawn: it was made without a render mode")
    expect(page.locator("#nothing")).to_be_visible()
    step(server, instance_id, 0)
    expect(page.locator("#return")).to_have_text("1")


def test_a_crash_is_seen_with_its_reason(visit: Visit, server: Server) -> None:
    """The last picture stays, and what the environment printed is there as text."""
    instance_id = create(server, "test/LeavesWords-v0")
    page = look_at(visit, instance_id)
    wait_for_picture(page)
    assert step(server, instance_id, 1) == 502
    expect(page.locator("#message")).to_contain_text("has crashed. The environment's process exited with code 1")
    expect(page.locator("#message")).to_contain_text("This is its last picture")
    expect(page.locator("#state")).to_have_text("crashed")
    expect(page.locator("#tail")).to_have_text(MARKUP)
    assert_nothing_is_injected(page)
    assert_accessible(page)


def test_an_instance_that_was_closed_is_gone(visit: Visit, server: Server) -> None:
    """Noticed while it is looked at; and whoever comes later sees its last picture."""
    instance_id = create(server, "CartPole-v1")
    page = look_at(visit, instance_id)
    wait_for_picture(page)
    server.http.delete(f"/v2/envs/{instance_id}")
    for _ in range(2):
        expect(page.locator("#message")).to_contain_text("is gone. This is its last picture")
        wait_for_picture(page)
        page.reload()


def test_an_instance_that_never_was_is_told_once(visit: Visit) -> None:
    """So is an address without one."""
    visit.excuse("status of 404")
    page = look_at(visit, "ffffffff")
    expect(page.locator("#message")).to_contain_text("no artifacts of an instance ffffffff")
    page = visit.open("/render.html", artifacts=True)
    expect(page.locator("#message")).to_contain_text("Which instance?")


@pytest.mark.parametrize(("env_id", "place"), [("test/RefusesToDraw-v0", "#message"), ("test/Renames-v0", "#heading")])
def test_what_an_environment_says_is_text(visit: Visit, server: Server, env_id: str, place: str) -> None:
    """Its name, and its words on why it cannot be drawn."""
    page = look_at(visit, create(server, env_id))
    expect(page.locator(place)).to_contain_text(MARKUP)
    assert_nothing_is_injected(page)


def test_nothing_is_drawn_for_a_page_that_is_closed(visit: Visit, server: Server) -> None:
    """The last viewer has left with it: pictures of later steps are not there."""
    instance_id = create(server, "CartPole-v1")
    page = look_at(visit, instance_id)
    wait_for_picture(page)
    page.goto("about:blank")
    latest = f"/{instance_id}/rendered/latest.jpg"
    seen: set[str] = set()
    while len(seen) != 1:  # the server needs a moment to notice that the page has gone
        seen = set()
        for _ in range(20):
            step(server, instance_id)
            server.http.post(f"/v2/envs/{instance_id}/reset")
            seen.add(server.files.head(latest).headers["ETag"])


def test_it_is_for_everybody(visit: Visit, server: Server) -> None:
    """On a phone, in the dark, with a screen reader; by keyboard to the files."""
    instance_id = create(server, "CartPole-v1", autoreset="same_step")
    step(server, instance_id, *[1] * 30)
    page = look_at(visit, instance_id)
    wait_for_picture(page)
    expect(page.locator("#past")).to_be_visible()
    assert_fits_a_phone(page)
    assert_accessible(page)
    page.get_by_role("link", name="pictures").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/{instance_id}/rendered/$"))
