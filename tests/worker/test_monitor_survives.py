"""What a monitor leaves when its process is killed, and what it does when the disk is full."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.envs import Well
from tests.server import ROOT
from tests.worker.players import act, problem, start
from tests.worker.recorded import films, manifest, pictures, stats

PLAYER = """
import sys
from pathlib import Path
import gymnasium
from worker.monitor import Monitor

env = gymnasium.make("MountainCar-v0", render_mode="rgb_array", max_episode_steps=60)
monitor = Monitor(Path(sys.argv[1]), env, force=False, resume=False, video_every=1)
while True:
    env.reset(seed=0)
    monitor.after_reset(0)
    print("reset", flush=True)
    ended = False
    while not ended:
        _, reward, terminated, truncated, _ = env.step(0)
        ended = terminated or truncated
        monitor.after_step(float(reward), ended=ended)
        print("step", flush=True)
"""


@pytest.mark.parametrize("resets", [1, 3])
@pytest.mark.parametrize("steps", [1, 30, 59])
def test_a_kill_costs_the_last_picture_at_most(tmp_path: Path, resets: int, steps: int) -> None:
    """Killed in the middle of an episode, the film plays to its end, and the JSON files are whole."""
    command = [sys.executable, "-c", PLAYER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as player:
        assert player.stdout
        told: list[str] = []
        while told.count("reset") < resets or told[::-1].index("reset") < steps:
            told.append(player.stdout.readline().strip())
        player.send_signal(signal.SIGKILL)
        told += player.stdout.read().split()
        assert player.wait() == -signal.SIGKILL
    _check_what_is_left(tmp_path, told)


def _check_what_is_left(folder: Path, told: list[str]) -> None:
    """The player went on for a moment after it told its last step, so there may be a little more than it told."""
    episodes = " ".join(told).split("reset")[1:]
    lengths = [episode.count("step") for episode in episodes]
    ended = lengths if lengths[-1] == 60 else lengths[:-1]
    assert stats(folder)["episode_lengths"][: len(ended)] == ended
    assert len(stats(folder)["episode_lengths"]) <= len(ended) + 1
    filmed = [len(pictures(path)) for _, path in films(folder)]
    assert len(manifest(folder)["videos"]) == len(filmed) in (len(lengths), len(lengths) + 1)
    assert filmed[: len(ended)] == [61] * len(ended)
    assert all(shown >= length for shown, length in zip(filmed, lengths, strict=False))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def _fill(disk: Path) -> Path:
    """The file that takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(os.urandom(size))
    return filler


def test_a_full_disk_costs_no_step_and_is_reported_until_there_is_room(small_disk: Path) -> None:
    """The results of the episodes played meanwhile are in the next file that can be written."""
    env = Well("rgb_array")
    monitor = start(small_disk, env, video_every=1)
    act(env, monitor, *[False] * 4, True)
    filler = _fill(small_disk)
    act(env, monitor, *[False] * 6, True)
    assert monitor.problem == "the monitor's results cannot be written: No space left on device"
    assert stats(small_disk)["episode_lengths"] == [5]
    filler.unlink()
    act(env, monitor, *[False] * 8, True)
    monitor.close()
    assert problem(monitor) is None
    assert stats(small_disk)["episode_lengths"] == [5, 7, 9]
    assert [(number, len(pictures(path))) for number, path in films(small_disk)] == [(0, 6), (2, 10)]
    assert not [path.name for path in small_disk.iterdir() if path.suffix == ".tmp"]


def test_a_disk_that_fills_while_a_film_runs_leaves_the_film_until_then(small_disk: Path) -> None:
    """It plays, and its description, once there is room for one, says that it is broken."""
    env = Well("rgb_array")
    monitor = start(small_disk, env, video_every=1)
    env.reset()
    monitor.after_reset(None)
    filler = small_disk / "filler"
    for number in range(200):
        if number == 50:
            filler = _fill(small_disk)
        env.step(0)
        monitor.after_step(1.0, ended=False)
    assert monitor.problem == "the film of episode 0 ends early: No space left on device"
    filler.unlink()
    monitor.close()
    ((_, path),) = films(small_disk)
    assert 50 <= len(pictures(path)) < 200
    assert b'"broken":true' in path.with_suffix(".meta.json").read_bytes()


def test_a_monitor_can_be_started_on_a_full_disk(small_disk: Path) -> None:
    """It says what is wrong at once, and records as soon as it can."""
    filler = _fill(small_disk)
    env = Well("rgb_array")
    monitor = start(small_disk, env, video_every=1)
    assert "No space left" in str(monitor.problem)
    filler.unlink()
    act(env, monitor, *[False] * 2, True)
    assert problem(monitor) is None
    monitor.close()
    assert stats(small_disk)["episode_lengths"] == [3]
