"""Pictures for those who look: drawn by real workers, and received as a video player receives them."""

import contextlib
import io
import re
import time
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server

_PATIENCE_S = 60.0
_DRAWN = re.compile(r'^gym_server_commands_total\{op="draw",outcome="ok"\} ([0-9.]+)', re.MULTILINE)
_ANOTHER = 128  # a difference between two samples that JPEG does not make, but a black cart on white ground does

Picture = NDArray[Any]


@contextlib.contextmanager
def player(server: Server, instance_id: str) -> Iterator[Iterator[Picture]]:
    """A video player that shows `/<id>/live` as any MJPEG stream: its pictures, (height, width, 3) uint8."""
    url = f"{server.artifacts_url}/{instance_id}/live"
    with av.open(url, format="mpjpeg", timeout=_PATIENCE_S) as container:
        yield (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))


@pytest.fixture
def cart(server: Server) -> Iterator[RecordedInstance]:
    """A CartPole at the beginning of an episode, closed after the test."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array", autoreset="same_step")
    instance.reset(seed=0)
    yield instance
    server.http.delete(f"/v2/envs/{instance.instance_id}")


def drawn(server: Server) -> int:
    """How many pictures the server's workers have been asked for so far."""
    count = _DRAWN.search(server.http.get("/metrics").text)
    return int(float(count[1])) if count else 0


def rendered(server: Server, instance: RecordedInstance) -> Any:
    """The names of the pictures that the instance has left."""
    listing = server.files.get(f"/{instance.instance_id}/rendered/", headers={"Accept": "application/json"})
    return {entry["name"] for entry in listing.json()["entries"]}


def is_picture_of_now(seen: Picture, server: Server, instance: RecordedInstance) -> bool:
    """Whether it shows what the environment draws now, as far as JPEG can."""
    png = server.http.get(f"/v2/envs/{instance.instance_id}/render").content
    with av.open(io.BytesIO(png), "r") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return seen.shape == frame.shape and bool(np.abs(seen.astype(int) - frame).max() < _ANOTHER)


def test_who_comes_during_a_pause_sees_the_picture_of_now_and_then_the_next(
    server: Server, cart: RecordedInstance
) -> None:
    """Nothing was drawn before; the last step before a pause is seen as well, however long the pause."""
    cart.step(1, 1, 1)
    assert rendered(server, cart) == set()
    with player(server, cart.instance_id) as pictures:
        first = next(pictures)
        assert is_picture_of_now(first, server, cart)
        cart.step(0, 0, 0)
        moved = next(picture for picture in pictures if not np.array_equal(picture, first))
        assert is_picture_of_now(moved, server, cart)
    assert rendered(server, cart) == {"latest.jpg", "latest.png"}


def test_ten_pictures_a_second_are_drawn_at_most_and_none_for_nobody(server: Server, cart: RecordedInstance) -> None:
    """However fast the instance steps; and soon after the last viewer has left, none."""
    before = drawn(server)
    with player(server, cart.instance_id) as pictures:
        began = time.monotonic()
        first = next(pictures)
        while np.array_equal(next(pictures), first):
            cart.step(1)
        for _ in range(100):
            cart.step(1)
        assert drawn(server) - before <= (time.monotonic() - began) * 10 + 2
    left_at = time.monotonic()
    while time.monotonic() - left_at < _PATIENCE_S:
        before, began = drawn(server), time.monotonic()
        while time.monotonic() - began < 1:
            cart.step(1)
        if drawn(server) == before:
            return
    pytest.fail("pictures are drawn for nobody")


def test_an_environment_that_fails_to_draw_is_told_and_lives(server: Server) -> None:
    """Its steps succeed as before, and the status has its own words."""
    broken = RecordedInstance(server, "test/RaisesInRender-v0", render_mode="rgb_array")
    broken.reset()
    status: dict[str, Any] = {}
    with server.files.stream("GET", f"/{broken.instance_id}/live"):
        while not status.get("picture_error"):
            broken.step(0)
            status = server.files.get(f"/{broken.instance_id}/status").json()
    assert "ValueError: this environment cannot be drawn" in status["picture_error"]
    assert status["state"] in {"ready", "busy"}
    server.http.delete(f"/v2/envs/{broken.instance_id}")
