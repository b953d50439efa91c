"""What it costs to film one long episode: time a step, the longest pause, memory, and the size of the film.

Each line is measured in a process of its own. `the monitor` is what a worker runs; Gymnasium's `RecordVideo` keeps
every picture until the episode ends, and is left out where MoviePy, which `make bench` installs, is not there.
Beside them the same episode that is drawn but not filmed, and one that the monitor counts but does not film. The
environment draws a small thing that moves over a still ground, as games do.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import DependencyNotInstalled
from gymnasium.wrappers import RecordVideo
from numpy.typing import NDArray

from benchmarks.measurement import machine
from worker.monitor import Monitor

STEPS = 10_000
SIZES = ((210, 160), (400, 600))
SPRITE = 24
FPS = 30

Step = tuple[Any, float, bool, bool, dict[str, Any]]


class Figures(NamedTuple):
    """One line of the table."""

    step_s: float
    pause_s: float
    grown_bytes: int
    film_bytes: int

    def row(self, size: str, name: str) -> str:
        """The line in Markdown."""
        film = f"{self.film_bytes / 2**20:.1f} MB" if self.film_bytes else "-"
        figures = f"{1000 * self.step_s:.2f} ms | {1000 * self.pause_s:.0f} ms | {self.grown_bytes / 2**20:.0f} MB"
        return f"| {size} | {name} | {figures} | {film} |"


class Scene(gymnasium.Env[Any, Any]):
    """Draws a square that wanders over a still ground, and does nothing else."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": FPS}  # noqa: RUF012 - Gymnasium's own form
    observation_space: spaces.Space[Any] = spaces.Discrete(1)
    action_space: spaces.Space[Any] = spaces.Discrete(1)
    render_mode = "rgb_array"

    def __init__(self, height: int, width: int) -> None:
        random = np.random.default_rng(0)
        blocks = random.integers(0, 256, (height // 10, width // 10, 3), np.uint8)
        self._ground = blocks.repeat(10, axis=0).repeat(10, axis=1)
        self._number = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The first observation; the square is in its corner."""
        super().reset(seed=seed, options=options)
        self._number = 0
        return 0, {}

    def step(self, _action: Any) -> Step:
        """The square has moved on."""
        self._number += 1
        return 0, 1.0, False, False, {}

    def render(self) -> Any:
        """The picture, `(height, width, 3)` uint8, a new array each time."""
        picture: NDArray[np.uint8] = self._ground.copy()
        height, width = picture.shape[:2]
        top, left = self._number // 3 % (height - SPRITE), self._number * 2 % (width - SPRITE)
        picture[top : top + SPRITE, left : left + SPRITE] = (250, 220, 30)
        return picture


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    steps = parser.parse_args().steps
    print(f"One episode of {steps} steps. {machine()}.\n")
    print("| picture | recorder | a step | longest pause | memory grown by | film |")
    print("|---|---|---:|---:|---:|---:|")
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawned, max_tasks_per_child=1) as processes:
        for height, width in SIZES:
            for name, record in RECORDERS.items():
                try:
                    figures = processes.submit(record, height, width, steps).result()
                except DependencyNotInstalled:
                    print(f"| {width}x{height} | {name} | left out: MoviePy is not installed | | | |")
                else:
                    print(figures.row(f"{width}x{height}", name))


def drawn_alone(height: int, width: int, steps: int) -> Figures:
    """The episode with a picture of every step that nobody keeps."""
    env = Scene(height, width)
    return _measure(env.reset, lambda: (env.step(0), env.render()), lambda: None, steps)


def counted_alone(height: int, width: int, steps: int) -> Figures:
    """The episode under a monitor that films nothing."""
    return _monitored(height, width, steps, video_every=0)


def filmed(height: int, width: int, steps: int) -> Figures:
    """The episode under a monitor that films it."""
    return _monitored(height, width, steps, video_every=1)


def filmed_by_gymnasium(height: int, width: int, steps: int) -> Figures:
    """The episode in Gymnasium's own wrapper."""
    with tempfile.TemporaryDirectory() as folder:
        env = RecordVideo(Scene(height, width), f"{folder}/films", episode_trigger=lambda _: True)
        return _measure(env.reset, lambda: env.step(0), env.close, steps, Path(folder))


RECORDERS: dict[str, Callable[[int, int, int], Figures]] = {
    "none, but drawn": drawn_alone,
    "the monitor, not filming": counted_alone,
    "the monitor": filmed,
    "RecordVideo": filmed_by_gymnasium,
}


def _monitored(height: int, width: int, steps: int, video_every: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        env = Scene(height, width)
        monitor = Monitor(Path(folder), env, force=False, resume=False, video_every=video_every)

        def begin() -> None:
            env.reset()
            monitor.after_reset(None)

        def step() -> None:
            _, reward, _, _, _ = env.step(0)
            monitor.after_step(reward, ended=False)

        return _measure(begin, step, monitor.close, steps, Path(folder))


def _measure(
    begin: Callable[[], object],
    step: Callable[[], object],
    end: Callable[[], object],
    steps: int,
    folder: Path | None = None,
) -> Figures:
    """Figures of one episode; the time a step includes the beginning and the end of the recording."""
    before_bytes = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    pause_s = 0.0
    began = time.perf_counter()
    for part in (begin, *(step for _ in range(steps)), end):
        part_began = time.perf_counter()
        part()
        pause_s = max(pause_s, time.perf_counter() - part_began)
    elapsed_s = time.perf_counter() - began
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    films = folder.glob("**/*.mp4") if folder else ()
    return Figures(
        elapsed_s / steps, pause_s, max(0, peak_bytes - before_bytes), sum(film.stat().st_size for film in films)
    )


if __name__ == "__main__":
    main()
