"""The dashboard, as an operator keeps it open: what goes wrong comes to the top by itself, and is one click away."""

import json
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.pages.browser import Visit, assert_accessible, assert_fits_a_phone
from tests.pages.marked_up import MARKUP
from tests.pages.people import close_all, created, step
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that misbehave, and some that put markup everywhere."""
    imports = ("--import", "tests.envs", "--import", "tests.pages.marked_up")
    with running_server(tmp_path_factory.mktemp("server"), *imports) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(server: Server) -> Iterator[None]:
    """Each test has the server to itself."""
    yield
    close_all(server)


def row(page: Page, instance_id: str) -> Locator:
    """The instance's row."""
    return page.locator(f'tr[data-id="{instance_id}"]')


def ids(page: Page) -> list[str]:
    """The instances as they stand, from the top."""
    return [str(each.get_attribute("data-id")) for each in page.locator("#rows tr").all()]


def expect_order(page: Page, wanted: list[str]) -> None:
    """These are the rows, in this order, as soon as the page has heard of it."""
    page.wait_for_function(
        "wanted => JSON.stringify([...document.querySelectorAll('#rows tr')].map(row => row.dataset.id)) === wanted",
        arg=json.dumps(wanted, separators=(",", ":")),
    )


def test_a_crash_is_seen_by_itself_and_its_report_is_one_click_away(visit: Visit, server: Server) -> None:
    """It comes to the top, and the title of the page tells those who look elsewhere."""
    well, ill = created(server, "CartPole-v1"), created(server, "test/Exits-v0")
    page = visit.open("/dashboard")
    expect(row(page, ill).locator(".state")).to_have_text("ready")
    expect_order(page, [well, ill])
    assert step(server, ill, 1) == 502
    expect(row(page, ill).locator(".state")).to_have_text("crashed")
    expect(row(page, ill)).to_contain_text("exited with code 3")
    expect_order(page, [ill, well])
    expect(page).to_have_title(re.compile(r"^\(1\) Dashboard"))
    row(page, ill).get_by_role("button", name="Report").click()
    expect(page.get_by_role("dialog")).to_contain_text("exit code  3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_one_that_hangs_is_first_tells_where_it_is_and_is_killed(visit: Visit, server: Server) -> None:
    """Nothing is destroyed without a question, and a question can be refused."""
    well, hanging = created(server, "CartPole-v1"), created(server, "test/HangsInPython-v0")
    thread = threading.Thread(target=step, args=(server, hanging, 1))
    thread.start()
    page = visit.open("/dashboard")
    expect(row(page, hanging)).to_contain_text("does not come back")
    expect(row(page, hanging)).to_contain_text("step for")
    expect_order(page, [hanging, well])
    row(page, hanging).get_by_role("button", name="Stack").click()
    expect(page.get_by_role("dialog")).to_contain_text("misbehave")
    page.get_by_role("button", name="Close", exact=True).click()
    kill = row(page, hanging).get_by_role("button", name="Kill")
    kill.click()
    page.get_by_role("button", name="Cancel").click()
    expect(row(page, hanging).locator(".state")).to_have_text("busy")
    kill.click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    expect(row(page, hanging).locator(".state")).to_have_text("crashed")
    expect(row(page, hanging)).to_contain_text("was killed on request")
    thread.join(60)


def test_a_closed_one_leaves_the_list(visit: Visit, server: Server) -> None:
    """By keyboard alone; the others stay."""
    stays, goes = created(server, "CartPole-v1"), created(server, "FrozenLake-v1")
    page = visit.open("/dashboard")
    row(page, goes).get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, goes)).to_have_count(0)
    assert ids(page) == [stays]
    assert server.http.get(f"/v2/envs/{goes}").status_code == 410


def test_what_steps_is_seen_to_move(visit: Visit, server: Server) -> None:
    """Its picture becomes another, and its steps are counted."""
    cart = created(server, "CartPole-v1", render_mode="rgb_array", autoreset="same_step")
    page = visit.open("/dashboard")
    picture = row(page, cart).locator("img")
    expect(picture).to_be_visible()
    before = picture.get_attribute("src")
    assert step(server, cart, 1) == 200
    page.wait_for_function(
        "([id, before]) => { const picture = document.querySelector(`tr[data-id='${id}'] img`);"
        " return picture.getAttribute('src') !== before && picture.complete && picture.naturalWidth > 0; }",
        arg=[cart, before],
    )
    expect(row(page, cart).locator(".steps")).to_contain_text("1 in all")


def test_rows_are_ordered_and_filtered_and_the_address_keeps_it(visit: Visit, server: Server) -> None:
    """By heading, by word, by label, by kind."""
    lake = created(server, "FrozenLake-v1", labels={"course": "rl-101"})
    cart = created(server, "CartPole-v1", labels={"course": "rl-102"})
    ill = created(server, "test/Exits-v0")
    step(server, ill, 1)
    for _ in range(3):
        step(server, lake, 0)
    page = visit.open("/dashboard")
    expect_order(page, [ill, lake, cart])
    page.get_by_role("button", name="Environment").click()
    expect_order(page, [cart, lake, ill])
    page.get_by_role("button", name="Environment").click()
    expect_order(page, [ill, lake, cart])
    page.keyboard.press("/")
    page.keyboard.type("course:rl")
    expect_order(page, [lake, cart])
    page.reload()
    expect_order(page, [lake, cart])
    page.get_by_label("Filter").fill("")
    page.get_by_role("button", name="Crashed").click()
    expect_order(page, [ill])
    page.get_by_label("Filter").fill("lake")
    expect(page.get_by_text("No instance is as you have asked.")).to_be_visible()


def test_the_focus_stays_where_it_is_while_rows_move(visit: Visit, server: Server) -> None:
    """Whoever goes through the rows by keyboard is not thrown back to the top of the page."""
    well, ill = created(server, "CartPole-v1"), created(server, "test/Exits-v0")
    page = visit.open("/dashboard")
    expect_order(page, [well, ill])
    logs = row(page, ill).get_by_role("button", name="Logs")
    logs.focus()
    step(server, ill, 1)
    expect_order(page, [ill, well])
    expect(logs).to_be_focused()


def test_one_is_made_from_the_registry(visit: Visit, server: Server) -> None:
    """With labels and arguments; what cannot be read is said, and so is what the server refuses."""
    visit.excuse("status of 404")
    page = visit.open("/dashboard")
    page.get_by_role("button", name="New instance").click()
    page.get_by_label("Environment: an id").fill("frozenlake 8x8")
    option = page.locator("#env_id option")
    expect(option).to_have_text("FrozenLake8x8-v1", timeout=100_000)  # the registry is looked through the first time
    page.get_by_label("Arguments").fill("{is_slippery}")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#creator-message")).to_contain_text("not JSON")
    page.get_by_label("Arguments").fill('{"is_slippery": false}')
    page.get_by_label("Labels").fill("course: rl-101, run:7")
    page.get_by_label("How many").fill("2")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog")).to_have_count(0)  # until then they are being built
    expect(page.locator("#rows tr")).to_have_count(2)
    for made in ids(page):
        document = server.document(made)
        assert document["env_id"] == "FrozenLake8x8-v1"
        assert document["labels"] == {"course": "rl-101", "run": "7"}
        assert document["render_mode"] == "rgb_array"
    page.get_by_role("button", name="New instance").click()
    page.get_by_label("Environment: an id").fill(MARKUP)
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#creator-message")).to_contain_text("<img src=x")
    assert_accessible(page)


def test_markup_from_environments_and_clients_is_text(visit: Visit, server: Server) -> None:
    """In labels, in ids, in what was printed, in crash reports."""
    ill = created(server, "test/LeavesWords-v0", labels={MARKUP: MARKUP})
    renamed = created(server, "test/Renames-v0")
    step(server, ill, 1)
    page = visit.open("/dashboard")
    expect(row(page, ill).locator(".label")).to_have_text(f"{MARKUP}: {MARKUP}")
    expect(row(page, renamed).locator(".name")).to_have_text(f"{MARKUP}-v0")
    row(page, ill).get_by_role("button", name="Logs").click()
    expect(page.get_by_role("dialog")).to_contain_text(MARKUP)
    page.keyboard.press("Escape")
    row(page, ill).get_by_role("button", name="Report").click()
    expect(page.get_by_role("dialog")).to_contain_text(MARKUP)
    page.keyboard.press("Escape")
    row(page, renamed).get_by_role("button", name="Kill").click()
    expect(page.get_by_role("dialog")).to_contain_text(MARKUP)
    page.keyboard.press("Escape")
    page.get_by_label("Filter").fill(MARKUP)
    expect(page.locator("#rows tr")).to_have_count(2)
    assert page.title().startswith("(1) Dashboard")
    assert page.locator("img[src=x]").count() == 0


def test_it_is_for_everybody(visit: Visit, server: Server) -> None:
    """On a phone, in the dark, with a screen reader; with a dialog open, too."""
    ill = created(server, "test/Exits-v0", labels={"a-rather-long-name-of-a-label": "with-a-rather-long-value" * 8})
    created(server, "CartPole-v1", render_mode="rgb_array")
    step(server, ill, 1)
    page = visit.open("/dashboard")
    expect(row(page, ill).locator(".state")).to_have_text("crashed")
    assert_fits_a_phone(page)
    assert_accessible(page)
    row(page, ill).get_by_role("button", name="Report").click()
    expect(page.get_by_role("dialog")).to_contain_text("exit code")
    assert_fits_a_phone(page)
    assert_accessible(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert_accessible(page)


def test_a_server_that_is_gone_is_said_to_be_gone(visit: Visit, own_server: Server) -> None:
    """What is shown then is old, and looks so; nothing else of the page ends."""
    visit.excuse("WebSocket connection")
    instance_id = created(own_server, "CartPole-v1")
    visit.allow(own_server)
    page = visit.page
    page.goto(f"{own_server.url}/dashboard")
    expect(row(page, instance_id)).to_be_visible()
    own_server.stop()
    expect(page.get_by_role("status").first).to_contain_text("The server does not answer")
    expect(row(page, instance_id)).to_be_visible()
