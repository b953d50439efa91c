"""Films of episodes: which are filmed, of what kind of environment, and what a failure to draw costs."""

from pathlib import Path
from typing import Any

import gymnasium
import pytest

from tests.envs import Well
from tests.worker.players import act, always_right, play, problem, start
from tests.worker.recorded import films, manifest, pictures, stats, strict
from worker.monitor import is_filmed


class Counts(Well):
    """Counts how often it is drawn."""

    drawn = 0

    def render(self) -> Any:
        self.drawn += 1
        return super().render()


class DrawsNow(Well):
    """Can be drawn only while it is told so."""

    can_draw = True

    def render(self) -> Any:
        if not self.can_draw:
            raise RuntimeError("no context")
        return super().render()


@pytest.mark.parametrize(
    ("video_every", "filmed"),
    [
        (None, [0, 1, 8, 27, 64, 125, 216, 343, 512, 729, 1000, 2000, 3000]),
        (0, []),
        (1, list(range(3001))),
        (700, [0, 700, 1400, 2100, 2800]),
    ],
)
def test_the_schedule_says_which_episodes_are_filmed(video_every: int | None, filmed: list[int]) -> None:
    """Capped cubic, never, every one, every n-th."""
    assert [episode for episode in range(3001) if is_filmed(episode, video_every)] == filmed


def test_an_episode_that_is_not_filmed_is_never_drawn(tmp_path: Path) -> None:
    """Drawing costs more than most steps."""
    env = Counts("rgb_array")
    monitor = start(tmp_path, env, video_every=2)
    for _ in range(4):
        act(env, monitor, False, False, True)
    monitor.close()
    assert env.drawn == 2 * 4


def test_an_environment_that_keeps_its_pictures_gives_one_a_step(tmp_path: Path) -> None:
    """Also where somebody else has taken the newest one away: then the one before stands in for it."""
    with gymnasium.make("CartPole-v1", render_mode="rgb_array_list") as env:
        monitor = start(tmp_path, env, video_every=1)
        lengths = [play(env, monitor, always_right, seed)[0] for seed in range(2)]
        env.reset()
        env.render()
        monitor.after_reset(None)
        monitor.close()
    assert [len(pictures(path)) for _, path in films(tmp_path)][:2] == [length + 1 for length in lengths]


def test_an_environment_that_draws_text_is_filmed_as_text(tmp_path: Path) -> None:
    """One event a step and one for the reset."""
    with gymnasium.make("FrozenLake-v1", render_mode="ansi") as env:
        monitor = start(tmp_path, env)
        length, _ = play(env, monitor, lambda _: 2, seed=0)
        monitor.close()
        drawn = env.render()
    ((_, path),) = films(tmp_path)
    header, *events = map(strict, path.read_text().splitlines())
    assert (path.suffix, header["version"], len(events)) == (".json", 2, length + 1)
    assert events[-1][2].endswith(str(drawn).replace("\n", "\r\n"))
    assert strict(Path(str(path).replace(".json", ".meta.json")).read_bytes())["content_type"].endswith("ansivid")


def test_an_environment_without_pictures_has_results_alone(tmp_path: Path) -> None:
    """That is no problem to report."""
    env = Well(None)
    monitor = start(tmp_path, env)
    act(env, monitor, True)
    monitor.close()
    assert manifest(tmp_path)["videos"] == []
    assert problem(monitor) is None


def test_a_failure_to_draw_ends_the_film_and_not_the_episode(tmp_path: Path) -> None:
    """The reason is told until a film succeeds again, and the film says that it is broken."""
    env = DrawsNow("rgb_array")
    monitor = start(tmp_path, env, video_every=1)
    act(env, monitor, False)
    env.can_draw = False
    act(env, monitor, False, True)
    assert monitor.problem == "the film of episode 1 ends early: RuntimeError: no context"
    env.can_draw = True
    act(env, monitor, False)
    env.can_draw = False
    env.step(0)
    monitor.after_step(1.0, ended=True)
    assert monitor.problem == "the film of episode 2 ends early: RuntimeError: no context"
    env.can_draw = True
    act(env, monitor, True)
    assert problem(monitor) is None
    monitor.close()
    assert stats(tmp_path)["episode_lengths"] == [1, 2, 2, 1]
    assert [(number, len(pictures(path))) for number, path in films(tmp_path)] == [(0, 2), (2, 2), (3, 2)]
    broken = strict(next(tmp_path.glob("*000002.meta.json")).read_bytes())
    assert (broken["broken"], "no context" in broken["problem"]) == (True, True)
