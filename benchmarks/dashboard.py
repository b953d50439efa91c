"""What an open dashboard costs the steps of 200 instances, and whether the page stays fluid.

One client steps the instances in turn, over a connection that is kept alive; in each round once while nobody looks,
once while somebody reads the dashboard's feed, and once while its page is open in Chromium. Chromium runs on the very
machine whose steps are counted, where an operator's would not, so it gives way to all others (niceness 19).
"""

import contextlib
import json
import statistics
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.claims import claims_of, claims_table
from benchmarks.measurement import Client, machine, server
from benchmarks.rounds import Contestant, Duel, Play, Turn, compete, one_by_one, plan_from_command_line, table
from tests.pages.browser import launch

_INSTANCES = 200
_VISIBLE = 12
_TURN_S = 5.0
_NICEST = 19
_SETTLING_MS = 3000  # it is about a page that is open, not about one that is being opened
_NOBODY, _READ, _OPEN = "nobody looks", "the feed is read", "the page is open in Chromium"
_DUELS = (Duel(_READ, _NOBODY, 0.95), Duel(_OPEN, _NOBODY, 0.95))
_COUNT_FRAMES = """() => {
    window.gaps = [];
    let last = performance.now();
    const count = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(count); };
    requestAnimationFrame(count);
}"""


def main() -> None:
    """Prints a table of steps and the frames of the page."""
    plan = plan_from_command_line(__doc__, rounds=5, turn_s=_TURN_S)
    print(f"{_INSTANCES} instances of CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with server("--max-instances", str(_INSTANCES)) as client, _page() as page:
        ids = _create(client)
        step = one_by_one(lambda number: _step(client, ids, number))
        gaps: list[float] = []
        contestants = [
            Contestant(_NOBODY, step),
            Contestant(_READ, _while_reading(client.url, ids, step)),
            Contestant(_OPEN, _while_open(page, client.url, step, gaps.extend)),
        ]
        turns = compete(contestants, plan)
        print(f"{table(turns)}\n\n{claims_table(claims_of(turns, _DUELS))}\n\n{_frames(gaps)}")


@contextlib.contextmanager
def _page() -> Iterator[Page]:
    """A tab of a browser that gives way to everybody."""
    before = set(psutil.Process().children(recursive=True))
    with sync_playwright() as playwright, contextlib.closing(launch(playwright)) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for process in set(psutil.Process().children(recursive=True)) - before:
            process.nice(_NICEST)
        yield page


def _create(client: Client) -> list[str]:
    fields = {"env_id": "CartPole-v1", "render_mode": "rgb_array", "autoreset": "same_step", "count": _INSTANCES}
    ids = [made["instance_id"] for made in client.send("POST", "/v2/envs", fields)["instances"]]
    client.send("POST", "/v2/reset", {"instance_ids": ids})
    return ids


def _step(client: Client, ids: list[str], number: int) -> Any:
    return client.send("POST", f"/v2/envs/{ids[number % len(ids)]}/step", {"action": number % 2})


def _while_reading(url: str, ids: list[str], step: Play) -> Play:
    """Steps while a thread takes all that the feed tells."""

    def play(seconds: float) -> Turn:
        with connect(f"{url.replace('http', 'ws')}/dashboard/feed", max_size=None) as feed:
            feed.recv()
            feed.send(json.dumps({"visible": ids[:_VISIBLE]}))
            reader = threading.Thread(target=_drain, args=(feed.recv,))
            reader.start()
            turn = step(seconds)
        reader.join()
        return turn

    return play


def _drain(receive: Callable[[], object]) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            receive()


def _while_open(page: Page, url: str, step: Play, keep: Callable[[list[float]], None]) -> Play:
    """Steps while the page shows all rows; the times between its frames are kept, in milliseconds."""

    def play(seconds: float) -> Turn:
        page.goto(f"{url}/dashboard")
        page.locator("#rows tr").nth(_INSTANCES - 1).wait_for(state="attached")
        page.wait_for_timeout(_SETTLING_MS)
        turn = step(seconds)
        page.evaluate(_COUNT_FRAMES)  # not before: who counts frames has sixty of them drawn a second
        step(seconds / 2)
        keep(page.evaluate("window.gaps"))
        page.goto("about:blank")
        return turn

    return play


def _frames(gaps_ms: list[float]) -> str:
    percentiles = statistics.quantiles(gaps_ms, n=100)
    late = sum(gap > 100 for gap in gaps_ms)
    return (
        f"{len(gaps_ms):,} frames of the page: median {percentiles[49]:.1f} ms apart, p99 {percentiles[98]:.1f} ms,"
        f" at most {max(gaps_ms):.1f} ms; {late} were more than 100 ms apart."
    )


if __name__ == "__main__":
    main()
