"""The names of Gym's monitor files, and what is in those that are JSON. Knows nothing of environments or films."""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from worker.files import replace_bytes

PREFIX = "openaigym."
_NUMBERED = re.compile(r"openaigym\.(?:manifest|episode_batch|video)\.([0-9]+)\.[0-9]+\.")


class MonitorFiles:
    """The files of one monitor in the folder; its number is one that no file there has yet."""

    def __init__(self, folder: Path) -> None:
        infix = f"{_next_number(folder)}.{os.getpid()}"
        self.folder = folder
        self._manifest = f"{PREFIX}manifest.{infix}.manifest.json"
        self._stats = f"{PREFIX}episode_batch.{infix}.stats.json"
        self._stem = f"{PREFIX}video.{infix}"

    def film_stem(self, episode_id: int) -> str:
        """The name of an episode's film, without what follows its number."""
        return f"{self._stem}.video{episode_id:06}"

    def write(self, results: "Results", videos: list[tuple[str, str]], env_info: dict[str, str]) -> None:
        """Both files hold all of this, and each held all of what was before until then.

        Raises:
            OSError: one of them cannot be written; it is as it was.
        """
        manifest = {"stats": self._stats, "videos": videos, "env_info": env_info, "seeds": results.seeds}
        replace_bytes(self.folder / self._stats, msgspec.json.encode(results.stats()))
        replace_bytes(self.folder / self._manifest, msgspec.json.encode(manifest))


class Results:
    """The episodes of one monitor, in order; `seeds` has one more entry while an episode runs."""

    def __init__(self) -> None:
        self.seeds: list[int | None] = []
        self._began_at: float | None = None
        self._ended_at: list[float] = []
        self._lengths: list[int] = []
        self._returns: list[float | None] = []

    def __len__(self) -> int:
        return len(self._lengths)

    def begin(self, seed: int | None, now: float) -> None:
        """An episode runs; `now` in seconds since 1970."""
        if self._began_at is None:
            self._began_at = now
        self.seeds[len(self) :] = [seed]

    def end(self, length: int, total_reward: float, now: float) -> None:
        """The episode that ran has ended after `length` steps; JSON has no word for a return that is not finite."""
        self._ended_at.append(now)
        self._lengths.append(length)
        self._returns.append(total_reward if math.isfinite(total_reward) else None)

    def stats(self) -> dict[str, object]:
        """What Gym's stats file holds; each episode is of the type "t", for training."""
        return {
            "initial_reset_timestamp": self._began_at,
            "timestamps": self._ended_at,
            "episode_lengths": self._lengths,
            "episode_rewards": self._returns,
            "episode_types": ["t"] * len(self),
        }


def present(folder: Path) -> list[str]:
    """The names of the monitor files that are there, in order."""
    return sorted(entry.name for entry in _files(folder) if entry.name.startswith(PREFIX))


def delete_all(folder: Path) -> None:
    """No monitor file is there, nor what a killed worker left of one."""
    for entry in _files(folder):
        if entry.name.startswith((PREFIX, f".{PREFIX}")):
            Path(entry).unlink(missing_ok=True)


def _files(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.is_dir(follow_symlinks=False))


def _next_number(folder: Path) -> int:
    matches = (_NUMBERED.match(entry.name) for entry in _files(folder))
    return max((int(match[1]) for match in matches if match), default=-1) + 1
