"""From an instance's recording to an evaluation: the score as OpenAI's scoreboard computed it, its curve and films.

The score's source is Gym's `scoreboard/scoring.py` of 2016. Everything that reads files may block; call it in a thread.
"""

import contextlib
import math
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Literal

import msgspec

from gateway import archive
from gateway.archive import write_archive
from gateway.artifacts.paths import url_of
from gateway.monitor_files import FOLDER, Episode, Film, MonitorFolder, Results, read_results
from protocol.errors import InvalidField
from protocol.messages import FieldError

WINDOW = 100
MAX_POINTS = 200
MAX_VIDEOS = 100
_MAX_ALGORITHM_ID = 256
_MAX_WRITEUP = 64 * 1024


class Point(msgspec.Struct, frozen=True):
    """A stretch of episodes: where it ends, counted in episodes, steps and seconds since the first reset."""

    episode: int
    steps: int
    elapsed_s: float
    mean_return: float | None


class Video(msgspec.Struct, frozen=True):
    """A film on the artifact port, and the episode of its monitor that it shows."""

    episode_id: int
    path: str
    content_type: str


class Forwarded(msgspec.Struct, frozen=True):
    """Whether the operator's endpoint has the archive, since when (`at`), and after how many attempts.

    `last_error` is why the last of them failed, or None. A "failed" one is not tried again.
    """

    state: Literal["pending", "done", "failed"]
    at: str
    attempts: int = 0
    last_error: str | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """One upload, scored.

    `episodes_to_solve` is how many episodes went before the first 100 whose mean reached the environment's
    `reward_threshold`: 0 if the first 100 did, None if none did or the environment has no threshold. Without 100
    episodes there is no mean. `archive` and the videos' paths are those on the artifact port. `forwarded` is None
    where the server forwards nothing.
    """

    evaluation_id: str
    instance_id: str
    env_id: str
    algorithm_id: str | None
    writeup: str | None
    created_at: str
    episodes: int
    steps: int
    best_100_episode_mean: float | None
    episodes_to_solve: int | None
    learning_curve: list[Point]
    videos: list[Video]
    archive: str
    forwarded: Forwarded | None = None


def evaluate(
    data_dir: Path,
    instance_id: str,
    env_id: str,
    *,
    algorithm_id: str | None,
    writeup: str | None,
    reward_threshold: float | None,
    has_open_monitor: bool,
    max_archive_bytes: int = archive.MAX_BYTES,
) -> Evaluation:
    """The evaluation of everything that the instance has recorded; its archive is on disk.

    `has_open_monitor` is whether to refuse because a monitor still records.

    Raises:
        InvalidField: a monitor is open, nothing is recorded, or what is there is broken or too large.
        OSError: the archive cannot be written.
    """
    if has_open_monitor:
        raise InvalidField("the monitor is still open: close it first, or set ignore_open_monitors")
    _check_length("algorithm_id", algorithm_id, _MAX_ALGORITHM_ID)
    _check_length("writeup", writeup, _MAX_WRITEUP)
    evaluation_id = f"eval_{secrets.token_hex(8)}"
    archive_name = f"{evaluation_id}.tar.gz"
    with contextlib.closing(MonitorFolder(data_dir, instance_id)) as folder:
        results = read_results(folder)
        write_archive(data_dir, instance_id, archive_name, folder, max_archive_bytes)
    returns = [episode.total_reward for episode in results.episodes]
    return Evaluation(
        evaluation_id=evaluation_id,
        instance_id=instance_id,
        env_id=env_id,
        algorithm_id=algorithm_id,
        writeup=writeup,
        created_at=now_as_text(),
        episodes=len(results.episodes),
        steps=sum(episode.length for episode in results.episodes),
        best_100_episode_mean=best_mean(returns),
        episodes_to_solve=episodes_to_solve(returns, reward_threshold),
        learning_curve=learning_curve(results),
        videos=[_video(instance_id, film) for film in _spread(results.films, MAX_VIDEOS)],
        archive=url_of(instance_id, archive.FOLDER, archive_name),
    )


def now_as_text() -> str:
    """The time as RFC 3339 has it, in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def best_mean(returns: Sequence[float]) -> float | None:
    """The highest mean of 100 consecutive returns; None where there are not 100 finite ones in a row."""
    return max(filter(math.isfinite, _means(returns)), default=None)


def episodes_to_solve(returns: Sequence[float], reward_threshold: float | None) -> int | None:
    """How many episodes went before the first 100 whose mean is at or above the threshold."""
    if reward_threshold is None:
        return None
    return next((before for before, mean in enumerate(_means(returns)) if mean >= reward_threshold), None)


def learning_curve(results: Results) -> list[Point]:
    """At most 200 points, each over as many episodes as the next."""
    episodes = results.episodes
    count = min(len(episodes), MAX_POINTS)
    points, steps = [], 0
    for number in range(count):
        start, end = number * len(episodes) // count, (number + 1) * len(episodes) // count
        stretch = episodes[start:end]
        steps += sum(episode.length for episode in stretch)
        elapsed_s = round(stretch[-1].ended_at - results.began_at, 3)
        points.append(Point(end, steps, elapsed_s, _mean_return(stretch)))
    return points


def _means(returns: Sequence[float]) -> list[float]:
    return [fmean(returns[start : start + WINDOW]) for start in range(len(returns) - WINDOW + 1)]


def _mean_return(stretch: Sequence[Episode]) -> float | None:
    finite = [episode.total_reward for episode in stretch if math.isfinite(episode.total_reward)]
    return fmean(finite) if finite else None


def _spread(films: Sequence[Film], count: int) -> Sequence[Film]:
    """At most so many of them, evenly spread, the first and last included."""
    if len(films) <= count:
        return films
    return [films[number * (len(films) - 1) // (count - 1)] for number in range(count)]


def _video(instance_id: str, film: Film) -> Video:
    return Video(film.episode_id, url_of(instance_id, FOLDER, film.name), film.content_type)


def _check_length(name: str, text: str | None, max_length: int) -> None:
    if text is not None and len(text) > max_length:
        message = f"must have at most {max_length} characters"
        raise InvalidField(f"$.{name} {message}", errors=(FieldError(f"$.{name}", message),))
