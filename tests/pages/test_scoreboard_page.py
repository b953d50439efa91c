"""The scoreboard, as somebody looks who has won."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.pages.marked_up import MARKUP
from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server

_RIGHT, _LEFT_AND_RIGHT = [1] * 500, [0, 1] * 250


def play(server: Server, env_id: str, episodes: int, actions: list[int], *, films: int = 0, **upload: Any) -> str:
    """The id of the evaluation of a run that takes the same actions in every episode; so many of them are filmed."""
    instance = RecordedInstance(server, env_id, render_mode="rgb_array")
    instance.start(video={"every_episodes": episodes // films} if films else "never")
    for seed in range(episodes):
        instance.reset(seed=seed)
        instance.step(*actions)
    instance.stop()
    evaluation = instance.upload(**upload)
    server.http.delete(f"/v2/envs/{instance.instance_id}")
    return str(evaluation["evaluation_id"])


@pytest.fixture(scope="module")
def evaluations(server: Server) -> dict[str, str]:
    """Three ranked ones of CartPole, uploaded with the worst first, and one of another environment."""
    return {
        "right": play(
            server, "CartPole-v1", 100, _RIGHT, films=2, algorithm_id="right", writeup="https://example.org/right"
        ),
        "both": play(server, "CartPole-v1", 100, _LEFT_AND_RIGHT, algorithm_id="both", writeup="Left, right.\nAgain."),
        "short": play(server, "CartPole-v1", 1, _RIGHT, algorithm_id=MARKUP, writeup=MARKUP),
        "car": play(server, "MountainCar-v0", 1, [2] * 200, algorithm_id="script", writeup="javascript:alert(1)"),
    }


@pytest.fixture(autouse=True)
def _are_there(evaluations: dict[str, str]) -> None:
    """Every test of this module begins with them."""


def test_evaluations_are_ranked_environment_by_environment(visit: Visit) -> None:
    """The best first; those of fewer than 100 episodes are last; each environment has its learning curves."""
    page = visit.open("/scoreboard")
    cart = page.locator("section", has=page.get_by_role("heading", name="CartPole-v1"))
    expect(cart.get_by_role("rowheader")).to_have_text(["both", "right", MARKUP])
    expect(cart.locator(".rank")).to_have_text(["1", "2", "3"])
    expect(cart.locator(".chart path[class*=series-]")).to_have_count(3)
    expect(page.locator("section", has=page.get_by_role("heading", name="MountainCar-v0"))).to_be_visible()
    expect(page.locator("#message")).to_be_hidden()


def test_one_environment_can_be_chosen(visit: Visit) -> None:
    """By its name; its address can be passed on."""
    page = visit.open("/scoreboard")
    page.get_by_role("navigation", name="Environments").get_by_role("link", name="MountainCar-v0").click()
    expect(page).to_have_url(re.compile("env_id=MountainCar-v0"))
    expect(page.get_by_role("heading", level=2)).to_have_text(["MountainCar-v0"])


def test_an_evaluation_is_opened_and_its_film_played(visit: Visit, server: Server, evaluations: dict[str, str]) -> None:
    """By keyboard: figures, the curve over another axis, films, the write-up's link, and the archive."""
    page = visit.open("/scoreboard")
    page.get_by_role("link", name="right", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("right")
    told = server.http.get(f"/v2/scoreboard/{evaluations['right']}").json()
    expect(page.locator("main")).to_contain_text(f"{told['best_100_episode_mean']:.2f}".rstrip("0").rstrip("."))
    curve = page.locator(".chart .line")
    by_episode = curve.get_attribute("d")
    page.get_by_role("radio", name="Steps").check()
    expect(curve).not_to_have_attribute("d", str(by_episode))
    expect(page.locator("video")).to_have_count(len(told["videos"]))
    film = page.locator("video").first
    film.evaluate("async (video) => { video.muted = true; await video.play(); }")
    assert film.evaluate("(video) => video.duration") > 0
    archive = page.get_by_role("link", name="Archive").get_attribute("href")
    assert httpx.get(f"{server.url}{archive}").content == server.files.get(told["archive"]).content


def test_a_write_up_is_a_link_only_if_it_is_an_address_of_the_web(visit: Visit, evaluations: dict[str, str]) -> None:
    """And such a link tells nobody where it was followed from; anything else is text."""
    page = visit.open("/scoreboard")
    link = page.get_by_role("link", name="Write-up")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://example.org/right")
    expect(link).to_have_attribute("rel", re.compile("noopener noreferrer"))
    expect(page.locator("a[href^='javascript' i]")).to_have_count(0)
    for name, text in (("car", "javascript:alert(1)"), ("both", "Left, right.\nAgain.")):
        page = visit.open(f"/scoreboard?evaluation={evaluations[name]}")
        expect(page.locator("main pre")).to_have_text(text)


def test_texts_of_an_upload_stay_texts(visit: Visit, evaluations: dict[str, str]) -> None:
    """In the list, in the chart and on the evaluation's own page; also what somebody wrote into the address."""
    for path in ("", f"?evaluation={evaluations['short']}", "?algorithm_id=<b>bold</b>&env_id=<i>x</i>"):
        page = visit.open(f"/scoreboard{path}")
        expect(page.locator("#message")).to_be_hidden()
        expect(page.locator("img[src=x], main b b, main i")).to_have_count(0)
        assert page.title() != "injected"


def test_an_evaluation_that_is_not_there_is_told(visit: Visit) -> None:
    """In the server's words."""
    visit.excuse("status of 404")
    page = visit.open("/scoreboard?evaluation=eval_no")
    expect(page.locator("#message")).to_contain_text("there is no evaluation eval_no")


def test_it_is_for_everybody(visit: Visit, evaluations: dict[str, str]) -> None:
    """On a phone, in the dark, with a screen reader."""
    for path in ("/scoreboard", f"/scoreboard?evaluation={evaluations['right']}"):
        page = visit.open(path)
        expect(page.locator(".chart svg").first).to_be_visible()
        assert_fits_a_phone(page)
        assert_accessible(page)


def test_a_long_list_comes_in_pages(visit: Visit, server: Server) -> None:
    """Ranks go on from one page to the next."""
    instance = RecordedInstance(server, "Acrobot-v1")
    instance.start(video="never")
    instance.play()
    instance.stop()
    for number in range(30):
        instance.upload(algorithm_id=f"number {number}")
    server.http.delete(f"/v2/envs/{instance.instance_id}")
    page = visit.open("/scoreboard?env_id=Acrobot-v1")
    expect(page.locator(".rank")).to_have_count(25)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".rank")).to_have_text([f"{rank}" for rank in range(26, 31)])
    expect(page.locator(".pager")).to_contain_text("26 to 30 of 30")
