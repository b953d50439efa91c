"""The page on which a person plays: what is pressed is what is stepped, and everything that comes back is shown."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone, is_drawn
from tests.pages.marked_up import MARKUP
from tests.pages.people import created, step
from tests.server import Server, running_server

SPACES = ("Discrete", "Box", "BoxOfOneNumber", "MultiBinary", "MultiDiscrete", "MultiDiscreteOfRows", "Text", "Nested")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that misbehave, and one of every space."""
    modules = ("tests.envs", "tests.pages.marked_up", "tests.conformance.spaces_envs")
    imports = [flag for module in modules for flag in ("--import", module)]
    with running_server(tmp_path_factory.mktemp("server"), *imports) as running:
        yield running


def opened(visit: Visit, instance_id: str) -> Page:
    """The page of that instance, on which an episode has begun."""
    page = visit.open(f"/play?instance_id={instance_id}")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#length")).to_have_text("0")
    wait_until_shown(page)
    return page


def wait_until_shown(page: Page) -> None:
    """The page has shown what it asked for, so it listens again."""
    page.wait_for_function("() => !document.body.classList.contains('waiting')")


def press(page: Page, key: str, steps: int) -> None:
    """The key, pressed when the step before has been shown, as a person would; so many steps are taken then."""
    wait_until_shown(page)
    page.keyboard.press(key)
    expect(page.locator("#length")).to_have_text(str(steps))


def test_ten_steps_of_frozen_lake_with_keys(visit: Visit, server: Server) -> None:
    """Down to the goal and no further: the reward, the return and the flags are those of the environment."""
    lake = created(server, "FrozenLake-v1", render_mode="rgb_array", kwargs={"is_slippery": False})
    page = opened(visit, lake)
    keys = ["ArrowLeft", "ArrowUp", "ArrowLeft", "ArrowUp"]
    keys += ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight"]
    for steps, key in enumerate(keys, 1):
        press(page, key, steps)
    expect(page.locator("#flags")).to_have_text("terminated")
    expect(page.locator("#reward")).to_have_text("1")
    expect(page.locator("#return")).to_have_text("1")
    expect(page.get_by_role("status")).to_contain_text("terminated after 10 steps, return 1")
    assert server.document(lake)["steps"] == 10
    wait_until_shown(page)
    assert is_drawn(page, "#picture")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("r")
    expect(page.locator("#length")).to_have_text("0")
    expect(page.locator("#flags")).to_have_text("none")
    assert server.document(lake)["steps"] == 10


def test_pendulum_is_played_with_a_slider(visit: Visit, server: Server) -> None:
    """By keyboard: to its end with one key, and taken with Enter; and by its number."""
    page = opened(visit, created(server, "Pendulum-v1", render_mode="rgb_array"))
    slider = page.get_by_label("Value, as a slider")
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#action")).to_have_text("[2]")
    wait_until_shown(page)
    page.get_by_label("Value", exact=True).fill("-0.5")
    expect(slider).to_have_value(re.compile(r"^-0\.5"))
    page.get_by_role("button", name="Step", exact=True).click()
    expect(page.locator("#action")).to_have_text("[-0.5]")
    expect(page.locator("#length")).to_have_text("2")
    wait_until_shown(page)
    page.get_by_role("button", name="Random action").click()
    expect(page.locator("#length")).to_have_text("3")


def test_it_keeps_going_while_the_hand_steers(visit: Visit, server: Server) -> None:
    """As a game does, until it is stopped."""
    cart = created(server, "CartPole-v1", autoreset="same_step")
    page = opened(visit, cart)
    page.get_by_label("steps a second").fill("30")
    run = page.get_by_role("button", name="Keep going")
    run.click()
    page.get_by_role("heading", name="CartPole").click()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#action")).to_have_text("1")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#action")).to_have_text("0")
    expect(page.locator("#episodes li").nth(1)).to_be_visible()  # it fell over, and the next one began by itself
    run.click()
    expect(run).to_have_attribute("aria-pressed", "false")


def test_a_seed_begins_the_episode_that_it_always_begins(visit: Visit, server: Server) -> None:
    """The observation is that which the API gives."""
    cart = created(server, "CartPole-v1")
    page = visit.open(f"/play?instance_id={cart}")
    page.get_by_label("Seed").fill("7")
    page.keyboard.press("Enter")
    page.get_by_text("Observation and info").click()
    expect(page.locator("#observation")).to_contain_text("[")
    wanted = server.http.post(f"/v2/envs/{cart}/reset", json={"seed": 7}).json()["observation"]
    assert json.loads(page.locator("#observation").inner_text()) == wanted


def test_an_environment_that_draws_text_is_shown_as_text(visit: Visit, server: Server) -> None:
    """In the colours that it asks for, and without what commands them."""
    page = opened(visit, created(server, "Taxi-v4", render_mode="ansi"))
    expect(page.locator("#text")).to_contain_text("+---------+")
    assert "\x1b" not in page.locator("#text").inner_text()
    assert page.locator("#text [class*='ink-'], #text [class*='paper-']").count() > 0


@pytest.mark.parametrize("space", SPACES)
def test_every_space_has_controls(visit: Visit, server: Server, space: str) -> None:
    """An action that was drawn at random is taken, and so is what the controls then say."""
    instance_id = created(server, f"spaces/{space}-v0", autoreset="same_step")
    page = opened(visit, instance_id)
    page.get_by_role("button", name="Random action").click()
    expect(page.locator("#action")).not_to_have_text("–")  # noqa: RUF001 - the page's dash
    wait_until_shown(page)
    page.locator("#controls button").first.click()
    wait_until_shown(page)
    assert server.document(instance_id)["steps"] == 2, page.locator("#message").inner_text()


def test_what_went_wrong_is_shown_as_text(visit: Visit, server: Server) -> None:
    """The environment's words, and those of the server, with the markup that is in them."""
    visit.excuse("status of (410|502|500)")
    page = opened(visit, created(server, "test/LeavesWords-v0", render_mode="rgb_array"))
    page.get_by_role("button", name="1", exact=False).first.click()
    expect(page.get_by_role("status")).to_contain_text("exited with code 1")
    expect(page.locator("#tail")).to_contain_text(MARKUP)
    expect(page.get_by_role("button", name="Random action")).to_be_disabled()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("status")).to_contain_text("is gone")
    page = opened(visit, created(server, "test/RefusesToDraw-v0", render_mode="rgb_array"))
    expect(page.locator("#text")).to_contain_text(MARKUP)
    renamed = created(server, "test/Renames-v0")
    page = opened(visit, renamed)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{MARKUP}-v0")
    assert page.locator("img[src=x]").count() == 0


def test_an_episode_that_runs_already_goes_on(visit: Visit, server: Server) -> None:
    """Whoever comes later sees where it is, and may step."""
    lake = created(server, "FrozenLake-v1", render_mode="rgb_array")
    assert step(server, lake, 0) == 200
    page = visit.open(f"/play?instance_id={lake}")
    expect(page.get_by_role("status")).to_contain_text("1 steps were taken before you came")
    expect(page.locator("#picture")).to_be_visible()
    press(page, "ArrowUp", 1)
    assert server.document(lake)["steps"] == 2


def test_an_address_without_an_instance_says_what_is_missing(visit: Visit) -> None:
    """And one of an instance that there never was says that."""
    visit.excuse("status of 404")
    page = visit.open("/play")
    expect(page.get_by_role("status")).to_contain_text("Which instance?")
    page = visit.open("/play?instance_id=00000000")
    expect(page.get_by_role("status")).to_contain_text("unknown")


@pytest.mark.parametrize("kind", [("FrozenLake-v1", {}), ("spaces/Nested-v0", {}), ("spaces/MultiDiscrete-v0", {})])
def test_it_is_for_everybody(visit: Visit, server: Server, kind: tuple[str, dict[str, Any]]) -> None:
    """On a phone, in the dark, with a screen reader."""
    env_id, fields = kind
    page = opened(visit, created(server, env_id, **fields))
    page.get_by_text("Observation and info").click()
    assert_fits_a_phone(page)
    assert_accessible(page)
