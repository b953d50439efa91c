"""The monitor: what it writes is what was played, and it stands in the way of no step."""

import os
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from protocol.errors import InvalidField, ResetNeeded
from tests.envs import Well
from tests.worker.players import act, always_right, balance, play, start
from tests.worker.recorded import films, manifest, manifests, pictures, stats, strict


@pytest.fixture
def env() -> Any:
    """A CartPole that can be drawn."""
    with gymnasium.make("CartPole-v1", render_mode="rgb_array") as made:
        yield made


@pytest.mark.slow
def test_two_hundred_episodes_are_recorded_as_they_were_played(tmp_path: Path, env: Any) -> None:
    """Lengths and returns are the player's own; each film has the steps of its episode and one picture more."""
    monitor = start(tmp_path, env)
    played = [play(env, monitor, balance if seed > 20 else always_right, seed) for seed in range(200)]
    monitor.close()
    assert played[-1] == (500, 500.0)
    recorded = stats(tmp_path)
    assert list(zip(recorded["episode_lengths"], recorded["episode_rewards"], strict=True)) == played
    assert recorded["episode_types"] == ["t"] * 200
    assert sorted(recorded["timestamps"]) == recorded["timestamps"]
    assert recorded["initial_reset_timestamp"] <= recorded["timestamps"][0]
    assert manifest(tmp_path)["seeds"] == list(range(200))
    filmed = dict(films(tmp_path))
    assert list(filmed) == [0, 1, 8, 27, 64, 125]
    for episode_id, path in filmed.items():
        assert len(pictures(path)) == played[episode_id][0] + 1
    assert monitor.problem is None


def test_a_film_begins_with_the_reset_and_ends_with_the_last_step(tmp_path: Path, env: Any) -> None:
    """First and last picture look as the environment drew them."""
    monitor = start(tmp_path, env)
    env.reset(seed=3)
    first = env.render()
    play(env, monitor, always_right, seed=3)
    last = env.render()
    monitor.close()
    ((_, path),) = films(tmp_path)
    shown = pictures(path)
    for picture, drawn in ((shown[0], first), (shown[-1], last)):
        assert np.abs(picture.astype(int) - drawn.astype(int)).mean() < 1
    assert np.abs(first.astype(int) - last.astype(int)).mean() > 1


def test_the_manifest_says_what_was_recorded_and_with_what(tmp_path: Path, env: Any) -> None:
    """Base names alone, so that the folder may move."""
    monitor = start(tmp_path, env)
    play(env, monitor, always_right, seed=0)
    monitor.close()
    infix = f"0.{os.getpid()}"
    assert manifest(tmp_path) == {
        "stats": f"openaigym.episode_batch.{infix}.stats.json",
        "videos": [
            [f"openaigym.video.{infix}.video000000.mp4", f"openaigym.video.{infix}.video000000.meta.json"],
        ],
        "env_info": {"gym_version": gymnasium.__version__, "env_id": "CartPole-v1"},
        "seeds": [0],
    }
    meta = strict((tmp_path / f"openaigym.video.{infix}.video000000.meta.json").read_bytes())
    assert (meta["episode_id"], meta["content_type"]) == (0, "video/mp4")
    assert meta["encoder_version"]["backend"] == "PyAV"
    assert len(list(tmp_path.iterdir())) == 4


def test_the_files_are_there_from_the_start_and_whole_after_every_episode(tmp_path: Path, env: Any) -> None:
    """Nobody has to close a monitor to read it."""
    monitor = start(tmp_path, env, video_every=0)
    assert stats(tmp_path)["episode_lengths"] == []
    for count in range(1, 4):
        play(env, monitor, always_right, seed=count)
        assert len(stats(tmp_path)["episode_lengths"]) == count
    monitor.close()


def test_a_step_needs_a_reset_since_the_monitor_began(tmp_path: Path, env: Any) -> None:
    """Also in the middle of an episode, whose beginning nobody recorded; and at its end another one."""
    env.reset(seed=0)
    env.step(1)
    monitor = start(tmp_path, env)
    with pytest.raises(ResetNeeded, match="recording begins with a reset"):
        monitor.before_step()
    length, _ = play(env, monitor, always_right, seed=0)
    with pytest.raises(ResetNeeded, match="the episode has ended"):
        monitor.before_step()
    monitor.close()
    assert stats(tmp_path)["episode_lengths"] == [length]


def test_an_episode_that_a_reset_cuts_short_counts(tmp_path: Path) -> None:
    """Clients of 2016 ended theirs after a number of steps. One without a step is no episode, and is filmed anew."""
    env = Well("rgb_array")
    monitor = start(tmp_path, env, video_every=1)
    act(env, monitor)
    act(env, monitor, False, False, False)
    act(env, monitor)
    act(env, monitor, False, True)
    act(env, monitor)
    monitor.close()
    assert stats(tmp_path)["episode_lengths"] == [3, 2]
    assert len(manifest(tmp_path)["seeds"]) == 3
    assert [(number, len(pictures(path))) for number, path in films(tmp_path)] == [(0, 4), (1, 3), (2, 1)]


def test_an_episode_that_runs_when_the_monitor_closes_does_not_count(tmp_path: Path) -> None:
    """Its film is whole nevertheless, and closing a second time changes nothing."""
    env = Well("rgb_array")
    monitor = start(tmp_path, env, video_every=1)
    act(env, monitor, True)
    act(env, monitor, False, False)
    monitor.close()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monitor.after_step(1.0, ended=True)
    monitor.after_reset(None)
    monitor.close()
    assert stats(tmp_path)["episode_lengths"] == [1]
    assert [len(pictures(path)) for _, path in films(tmp_path)] == [2, 3]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_older_results_are_neither_mixed_nor_lost_unasked(tmp_path: Path) -> None:
    """The error names them; `resume` keeps them, `force` deletes them and nothing else."""
    env = Well("rgb_array")
    for _ in range(3):
        monitor = start(tmp_path, env, resume=True)
        act(env, monitor, True)
        monitor.close()
    assert [one["stats"].split(".")[2] for one in manifests(tmp_path)] == ["0", "1", "2"]
    with pytest.raises(InvalidField, match=r"openaigym\.episode_batch\.0\.\d+\.stats\.json, .* and 9 more; set force"):
        start(tmp_path, env)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".openaigym.manifest.0.1.manifest.json.1.tmp").write_text("left by a kill")
    (tmp_path / "openaigym.folder").mkdir()
    start(tmp_path, env, force=True).close()
    assert len(manifests(tmp_path)) == 1
    names = {path.name for path in tmp_path.iterdir() if "episode_batch" not in path.name}
    assert names == {"notes.txt", "openaigym.folder", f"openaigym.manifest.0.{os.getpid()}.manifest.json"}


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_a_return_that_json_cannot_say_is_null(tmp_path: Path, reward: float) -> None:
    """The file stays strict JSON."""
    env = Well(None)
    monitor = start(tmp_path, env)
    act(env, monitor, True, reward=reward)
    monitor.close()
    assert stats(tmp_path)["episode_rewards"] == [None]
