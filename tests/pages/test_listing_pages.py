"""The listings of the artifact port, as somebody looks through what instances have left."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.pages.marked_up import MARKUP
from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server

_SEEK = """async (video) => {
    const sought = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    video.currentTime = video.duration / 2;
    await sought;
    return video.currentTime / video.duration;
}"""
_PLAY_TO_THE_END = """async (video) => {
    const ended = new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
    video.muted = true;
    await video.play();
    await ended;
    return video.currentTime;
}"""


@pytest.fixture(scope="module")
def recorded(server: Server) -> Iterator[RecordedInstance]:
    """An instance with a film of one second, some files, and a picture."""
    instance = RecordedInstance(server, "MountainCar-v0", render_mode="rgb_array", max_episode_steps=30)
    instance.start()
    instance.play()
    instance.stop()
    instance.reset(render=True)
    yield instance
    server.http.delete(f"/v2/envs/{instance.instance_id}")


def wait_for_film(page: Page) -> None:
    """The film's first picture and its length are there."""
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")


def test_a_recorded_film_plays_in_its_place_and_can_be_sought_in(visit: Visit, recorded: RecordedInstance) -> None:
    """From the list of instances to the film with two clicks."""
    page = visit.open("/", artifacts=True)
    card = page.get_by_role("listitem").filter(has_text=recorded.instance_id)
    expect(card).to_contain_text("MountainCar-v0")
    card.get_by_role("link", name="simulation").click()
    wait_for_film(page)
    film = page.locator("video")
    assert film.evaluate("video => video.duration") == pytest.approx(1.0, abs=0.1)
    assert film.evaluate(_SEEK) == pytest.approx(0.5, abs=0.01)
    assert film.evaluate(_PLAY_TO_THE_END) == pytest.approx(1.0, abs=0.1)


def test_files_are_listed_with_their_size_and_time(visit: Visit, recorded: RecordedInstance, server: Server) -> None:
    """Pictures are their own thumbnails; the rest is a table."""
    page = visit.open(f"/{recorded.instance_id}/simulation/", artifacts=True)
    row = page.get_by_role("row").filter(has_text="stats.json")
    name = row.get_by_role("link").inner_text()
    size = len(server.files.get(f"/{recorded.instance_id}/simulation/{name}").content)
    expect(row).to_contain_text(f"{size} B")
    expect(row.locator("time")).to_have_text(re.compile(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))
    page.goto(f"{server.artifacts_url}/{recorded.instance_id}/rendered/")
    page.wait_for_function("() => document.querySelector('.card img').naturalWidth === 600")


def test_names_and_facts_that_an_environment_has_written_are_text(visit: Visit, server: Server) -> None:
    """It may give its files any name, and may overwrite what the server has noted of it."""
    instance = RecordedInstance(server, "CartPole-v1")
    folder = server.data_dir / instance.instance_id
    name = MARKUP.replace("/", "\\")
    for path in (f"simulation/{name}", f"simulation/{name}.png", f"simulation/{name}.mp4"):
        (folder / path).write_bytes(b"")
    (folder / "simulation" / os.fsdecode(b"\xff<b>.txt")).write_bytes(b"")
    (folder / "instance.json").write_text('{"env_id": "<b>bold</b>"}')
    visit.excuse("Failed to load|net::ERR")  # what is no picture and no film
    for path, texts in ((f"/{instance.instance_id}/simulation/", (name, "\ufffd<b>.txt")), ("/", ("<b>bold</b>",))):
        page = visit.open(path, artifacts=True)
        for text in texts:
            expect(page.get_by_text(text, exact=True).first).to_be_visible()
        expect(page.locator("img[src=x], main b b")).to_have_count(0)
        assert page.title() != "injected"
    server.http.delete(f"/v2/envs/{instance.instance_id}")


def test_listings_are_for_everybody(visit: Visit, recorded: RecordedInstance) -> None:
    """On a phone, in the dark, with a screen reader, by keyboard."""
    for path in ("/", f"/{recorded.instance_id}/", f"/{recorded.instance_id}/simulation/"):
        page = visit.open(path, artifacts=True)
        assert_fits_a_phone(page)
        assert_accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r":\d+/$"))
