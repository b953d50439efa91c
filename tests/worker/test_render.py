"""Renderer: pictures as files, drawn of real environments in the test's own process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from PIL import Image

from tests.envs import RaisesInRender, Well
from worker.headless import draw_without_screen
from worker.render import Renderer

Env = gymnasium.Env[Any, Any]
NewEnv = Callable[..., Env]

AGENT_RED = (205, 49, 49)


@pytest.fixture
def new_env(monkeypatch: pytest.MonkeyPatch) -> Iterator[NewEnv]:
    """Makes and resets environments that are closed after the test; they draw as they would in a worker."""
    for name in ("SDL_VIDEODRIVER", "SDL_AUDIODRIVER", "SDL_NO_SIGNAL_HANDLERS", "MUJOCO_GL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    draw_without_screen()
    made: list[Env] = []

    def make(env_id: str, render_mode: str | None = "rgb_array") -> Env:
        env = gymnasium.make(env_id, render_mode=render_mode, disable_env_checker=True)
        env.reset(seed=0)
        made.append(env)
        return env

    yield make
    for env in made:
        env.close()


class Draws(Well):
    """Draws whatever it is given."""

    def __init__(self, drawing: Any) -> None:
        super().__init__("rgb_array")
        self.drawing = drawing

    def render(self) -> Any:
        return self.drawing


def picture(path: Path) -> Any:
    """The file as an array, (height, width, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_numbered_picture_is_what_the_environment_drew(new_env: NewEnv, tmp_path: Path) -> None:
    """Pixel for pixel, 600 by 400, and latest.png is the same."""
    env = new_env("CartPole-v1")
    assert Renderer(env, tmp_path).draw_numbered().name == "1.png"
    expected: Any = env.render()
    assert picture(tmp_path / "1.png").shape == (400, 600, 3)
    assert np.array_equal(picture(tmp_path / "1.png"), expected)
    assert np.array_equal(picture(tmp_path / "latest.png"), expected)


def test_numbers_go_on_where_an_earlier_worker_left_off(tmp_path: Path) -> None:
    """By number, not by name: 10 comes after 9."""
    for name in ("2.png", "9.png", "10.png", "latest.png", "11.txt"):
        (tmp_path / name).touch()
    assert Renderer(Well("rgb_array"), tmp_path).draw_numbered().name == "11.png"


def test_the_latest_picture_is_drawn_at_most_ten_times_a_second(tmp_path: Path) -> None:
    """The second call within a tenth of a second draws nothing."""
    renderer = Renderer(Well("rgb_array"), tmp_path)
    first = renderer.draw_latest()
    assert first
    assert first.name == "latest.png"
    assert renderer.draw_latest() is None
    assert [path.name for path in tmp_path.iterdir()] == ["latest.png"]


def test_a_numbered_picture_is_never_left_out(tmp_path: Path) -> None:
    """The name in the reply is that of a file that exists, however fast they come."""
    renderer = Renderer(Well("rgb_array"), tmp_path)
    names = [renderer.draw_numbered().name for _ in range(5)]
    assert names == ["1.png", "2.png", "3.png", "4.png", "5.png"]
    assert all((tmp_path / str(name)).is_file() for name in names)


def test_text_is_kept_as_text_and_drawn(new_env: NewEnv, tmp_path: Path) -> None:
    """FrozenLake as text shows where the agent is by its red ground alone, and so does the picture."""
    env = new_env("FrozenLake-v1", "ansi")
    assert Renderer(env, tmp_path).draw_numbered().name == "1.png"
    assert {path.name for path in tmp_path.iterdir()} == {"1.png", "1.txt", "latest.png", "latest.txt"}
    assert (tmp_path / "1.txt").read_text() == env.render()
    is_red = (picture(tmp_path / "1.png") == AGENT_RED).all(axis=-1)
    assert is_red.any()
    height, width = is_red.shape
    assert not is_red[height // 2 :, width // 2 :].any(), "the agent begins in the upper left corner"


def test_the_last_of_several_frames_is_drawn(tmp_path: Path) -> None:
    """`rgb_array_list` gives all that were drawn since the last time."""
    frames = [np.full((2, 3, 3), value, np.uint8) for value in (1, 2, 3)]
    Renderer(Draws(frames), tmp_path).draw_numbered()
    assert (picture(tmp_path / "1.png") == 3).all()


@pytest.mark.parametrize(
    "drawing",
    [
        np.zeros((5, 7, 3), np.uint8)[:, ::-1],
        np.zeros((5, 7), np.uint8),
        np.zeros((5, 7, 4), np.uint8),
        np.zeros((5, 7, 3), np.float64),
    ],
    ids=["not contiguous", "grey", "with alpha", "floats"],
)
def test_every_form_of_picture_is_a_png(tmp_path: Path, drawing: Any) -> None:
    """Environments draw what they like."""
    drawn = Renderer(Draws(drawing), tmp_path).draw_numbered()
    assert drawn.error is None
    assert picture(tmp_path / "1.png").shape == (5, 7, 3)


@pytest.mark.parametrize("drawing", [None, [], object(), np.zeros((2, 2, 7), np.uint8), np.zeros((0, 0, 3), np.uint8)])
def test_what_cannot_be_drawn_is_a_reason_and_no_file(tmp_path: Path, drawing: Any) -> None:
    """Nothing half-written stays, and the next number is not used up."""
    drawn = Renderer(Draws(drawing), tmp_path).draw_numbered()
    assert drawn.name is None
    assert drawn.error
    assert list(tmp_path.iterdir()) == []


def test_an_environment_that_fails_to_draw_is_a_reason(tmp_path: Path) -> None:
    """Its own words are passed on."""
    drawn = Renderer(RaisesInRender("rgb_array"), tmp_path).draw_numbered()
    assert drawn.error == "ValueError: this environment cannot be drawn"


def test_without_a_render_mode_there_is_a_reason(new_env: NewEnv, tmp_path: Path) -> None:
    """Gymnasium itself would only warn."""
    drawn = Renderer(new_env("CartPole-v1", None), tmp_path).draw_numbered()
    assert "without a render mode" in (drawn.error or "")
