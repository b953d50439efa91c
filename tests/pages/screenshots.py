"""Makes the pictures of the pages that the README shows: `make screenshots` writes them into `docs/`."""

import io
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.pages.browser import Colours, Visit, launch
from tests.pages.people import created, step
from tests.recording.recorded_instance import RecordedInstance
from tests.server import ROOT, Server, running_server

_DOCS = ROOT / "docs"
_COLOURS = 128
_MAX_BYTES = 150_000
_CLASS = ("ada", "grace", "alan", "edsger")
_PLAYED = ("LunarLander-v3", "CartPole-v1", "ALE/Pong-v5", "MountainCar-v0", "Taxi-v4", "CliffWalking-v1")


class Scene(NamedTuple):
    """A server in use, and the instances that pages are opened for."""

    server: Server
    lander: str
    lake: str
    recorded: str
    evaluation: str


class Screenshot(NamedTuple):
    """A page: the name of its picture, its address, and what is done on it before the picture is taken."""

    name: str
    address: Callable[[Scene], str]
    prepare: Callable[[Page, Scene], None]
    artifacts: bool = False
    colours: Colours = "light"
    width: int = 1200
    height: int = 750


def main() -> None:
    """Every page is photographed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server(folder, "--import", "tests.envs"))
        scene = stack.enter_context(_scene(server))
        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(closing(launch(playwright)))
        for shot in SCREENSHOTS:
            look = {"colours": shot.colours, "width": shot.width, "height": shot.height}
            with closing(Visit(browser, server, **look)) as visit:  # type: ignore[arg-type]  # of different types
                page = visit.open(shot.address(scene), artifacts=shot.artifacts)
                shot.prepare(page, scene)
                _save(shot.name, page.screenshot())


@contextmanager
def _scene(server: Server) -> Iterator[Scene]:
    """A class at work: some train, one hangs, one has crashed."""
    evaluations = [_evaluated(server, name, actions) for name, actions in _ALGORITHMS.items()]
    ids = [_played(server, number, env_id) for number, env_id in enumerate(_PLAYED * 2)]
    lake = created(server, "FrozenLake-v1", render_mode="rgb_array", labels={"user": "ada"})
    crashed = created(server, "test/Segfaults-v0", labels={"user": "alan"})
    hanging = created(server, "test/HangsInPython-v0", labels={"user": "grace"}, limits={"step_s": 50})
    step(server, crashed, 1)
    has_ended = threading.Event()
    threads = [
        threading.Thread(target=_drive, args=(server.url, ids, has_ended)),
        threading.Thread(target=step, args=(server, hanging, 1)),
    ]
    for thread in threads:
        thread.start()
    recorded, evaluation = evaluations[0]
    try:
        yield Scene(server, ids[0], lake, recorded, evaluation)
    finally:
        has_ended.set()
        server.http.post(f"/v2/envs/{hanging}/kill", json={})
        for thread in threads:
            thread.join()


def _played(server: Server, number: int, env_id: str) -> str:
    labels = {"user": _CLASS[number % len(_CLASS)], "run": str(number)}
    return created(server, env_id, render_mode="rgb_array", autoreset="same_step", labels=labels)


_ALGORITHMS: dict[str, list[int]] = {"left and right": [0, 1] * 250, "always right": [1] * 500}


def _evaluated(server: Server, algorithm_id: str, actions: list[int]) -> tuple[str, str]:
    """The ids of an instance that has played a hundred episodes, and of the evaluation of its recording."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start()
    for seed in range(100):
        instance.reset(seed=seed)
        instance.step(*actions)
    instance.stop()
    evaluation = instance.upload(algorithm_id=algorithm_id, writeup="https://example.org/write-up")
    server.http.delete(f"/v2/envs/{instance.instance_id}")
    return instance.instance_id, str(evaluation["evaluation_id"])


def _drive(url: str, ids: list[str], has_ended: threading.Event) -> None:
    """Random actions, some faster than others, until it has ended."""
    with httpx.Client(base_url=url, timeout=60) as http:
        for turn in itertools.count():
            for number, instance_id in enumerate(ids):
                if turn % (number % 3 + 1) == 0:
                    action = _sample(http, instance_id)
                    http.post(f"/v2/envs/{instance_id}/step", json={"action": action})
                if has_ended.wait(0.01):
                    return


def _sample(http: httpx.Client, instance_id: str) -> Any:
    return http.post(f"/v2/envs/{instance_id}/action_space/sample", json={}).json()["values"][0]


def _save(name: str, content: bytes) -> None:
    """The picture is in `docs/`, with few colours, so that it is small."""
    path = _DOCS / f"{name}.png"
    with Image.open(io.BytesIO(content)) as picture:
        picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    assert size < _MAX_BYTES, f"{path} has {size} bytes"
    print(f"{path.relative_to(ROOT)} {size:,} bytes")  # noqa: T201 - a script


def _hangs(page: Page, _scene: Scene) -> None:
    page.get_by_text("does not come back").wait_for()


def _hangs_among_others(page: Page, scene: Scene) -> None:
    _hangs(page, scene)
    thumbnails = "[...document.querySelectorAll('.thumbnail img')]"
    page.wait_for_function(f"() => {thumbnails}.filter(each => each.complete && !each.hidden).length > 4")


def _play(page: Page, _scene: Scene) -> None:
    page.get_by_role("button", name="Reset").click()
    for steps, key in enumerate(("ArrowRight", "ArrowDown", "ArrowRight"), 1):
        page.wait_for_function("() => !document.body.classList.contains('waiting')")
        page.keyboard.press(key)
        page.locator("#length", has_text=str(steps)).wait_for()
    page.wait_for_function("() => !document.body.classList.contains('waiting')")


def _moves(page: Page, _scene: Scene) -> None:
    page.wait_for_function("() => document.getElementById('picture').naturalWidth > 0")
    page.locator("#plot path, .chart path").first.wait_for(state="attached")


def _loaded(page: Page, _scene: Scene) -> None:
    page.locator("#message").wait_for(state="hidden")


def _films(page: Page, _scene: Scene) -> None:
    page.wait_for_function("() => [...document.querySelectorAll('video')].every(film => film.readyState >= 2)")


def _first_route(page: Page, _scene: Scene) -> None:
    _loaded(page, _scene)
    page.locator("details summary").first.click()


SCREENSHOTS = (
    Screenshot("dashboard", lambda _: "/dashboard", _hangs_among_others, width=1400),
    Screenshot("dashboard-dark", lambda _: "/dashboard", _hangs_among_others, colours="dark", width=1400),
    Screenshot("dashboard-phone", lambda _: "/dashboard", _hangs, width=360, height=750),
    Screenshot("play", lambda scene: f"/play?instance_id={scene.lake}", _play),
    Screenshot("live", lambda scene: f"/render.html?instance_id={scene.lander}", _moves, artifacts=True),
    Screenshot("scoreboard", lambda _: "/scoreboard", _loaded),
    Screenshot("evaluation", lambda scene: f"/scoreboard?evaluation={scene.evaluation}", _loaded),
    Screenshot("listing", lambda scene: f"/{scene.recorded}/simulation/", _films, artifacts=True),
    Screenshot("api", lambda _: "/docs", _first_route),
)
"""All pages; the README shows most of them."""


if __name__ == "__main__":
    main()
