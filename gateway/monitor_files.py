"""What an instance's monitors have left in `simulation/`, read as Gym's own loader did, but trusting none of it.

An environment may write anything at all there. So nothing is followed, only regular files are opened, and what is
read has a size. Everything here may block; call it in a thread.
"""

import contextlib
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from gateway.artifacts.paths import open_beneath
from protocol.errors import InvalidField, NotFound

PREFIX = "openaigym."
FOLDER = "simulation"
MAX_FILES = 20_000
_MAX_JSON_BYTES = 8 * 2**20
_MAX_ALL_JSON_BYTES = 16 * 2**20
_MAX_META_BYTES = 64 * 2**10
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_STATS_NAME = re.compile(r"openaigym\.[\w.-]+\.stats\.json", re.ASCII)
_VIDEO_NAME = re.compile(r"openaigym\.[\w.-]+\.(?:mp4|json)", re.ASCII)

# Bounds so wide that only a forged file meets them, and so narrow that sums and means stay finite.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
Timestamp = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
Return = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
T = TypeVar("T")


class Episode(NamedTuple):
    """One episode; `ended_at` in seconds since 1970, `total_reward` NaN where it was not finite."""

    ended_at: float
    length: int
    total_reward: float


class Film(NamedTuple):
    """One video by its name in the folder, and the episode of its monitor that it shows."""

    name: str
    episode_id: int
    content_type: str


class Results(NamedTuple):
    """All episodes in order of time, whichever monitor counted them; the films in order of their names."""

    began_at: float
    episodes: list[Episode]
    films: list[Film]


class _Manifest(msgspec.Struct):
    stats: str
    videos: list[tuple[str, str]] = []


class _Stats(msgspec.Struct):
    timestamps: list[Timestamp]
    episode_lengths: list[Count]
    episode_rewards: list[Return | None]
    initial_reset_timestamp: Timestamp | None = None
    episode_types: list[str] | None = None


class _Meta(msgspec.Struct):
    episode_id: Count
    content_type: str


class MonitorFolder:
    """The `simulation/` of one instance, opened; close it.

    Raises:
        InvalidField: there is none, or far too much is in it.
    """

    def __init__(self, data_dir: Path, instance_id: str) -> None:
        try:
            self._fd = open_beneath(data_dir, (instance_id, FOLDER))
        except NotFound:
            raise nothing_recorded() from None
        try:
            self.names = _monitor_files(self._fd)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """The folder is no longer open."""
        os.close(self._fd)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[int]:
        """A descriptor of the regular file of that name.

        Raises:
            InvalidField: there is none, or it is something else.
        """
        try:
            fd = os.open(name, _FLAGS, dir_fd=self._fd)
        except OSError as error:
            raise InvalidField(f"the monitor's file {name} cannot be read: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise InvalidField(f"the monitor's file {name} is not a file")
            yield fd
        finally:
            os.close(fd)

    def read(self, name: str, kind: type[T], max_bytes: int) -> tuple[T, int]:
        """What the JSON file holds, and its size in bytes.

        Raises:
            InvalidField: it is too large, or not such a file.
        """
        with self.open(name) as fd, os.fdopen(fd, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise InvalidField(f"the monitor's file {name} is above {max_bytes} bytes")
        try:
            return msgspec.json.decode(content, type=kind), len(content)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidField(f"the monitor's file {name} is not as Gym's monitor writes it: {error}") from error


def read_results(folder: MonitorFolder) -> Results:
    """What all monitors of the folder have recorded, merged.

    Raises:
        InvalidField: no episode, or files that are not a monitor's.
    """
    left_bytes = _MAX_ALL_JSON_BYTES
    episodes: list[Episode] = []
    began: list[float] = []
    videos: list[tuple[str, str]] = []
    for name in folder.names:
        if not name.startswith(f"{PREFIX}manifest."):
            continue
        manifest, manifest_bytes = folder.read(name, _Manifest, min(_MAX_JSON_BYTES, left_bytes))
        if not _STATS_NAME.fullmatch(manifest.stats):
            raise InvalidField(f"the monitor's file {name} names {manifest.stats!r}, which is none of its files")
        stats, stats_bytes = folder.read(manifest.stats, _Stats, min(_MAX_JSON_BYTES, left_bytes - manifest_bytes))
        left_bytes -= manifest_bytes + stats_bytes
        videos += manifest.videos
        if stats.timestamps:
            episodes += _training_episodes(manifest.stats, stats)
            began.append(
                stats.timestamps[0] if stats.initial_reset_timestamp is None else stats.initial_reset_timestamp
            )
    if not episodes:
        raise nothing_recorded()
    episodes.sort(key=lambda episode: episode.ended_at)
    return Results(min(began), episodes, _films(folder, videos))


def nothing_recorded() -> InvalidField:
    """The error where there is nothing to upload."""
    return InvalidField("nothing is recorded: start the monitor, play at least one episode to its end, then upload")


def _monitor_files(folder_fd: int) -> list[str]:
    names = []
    with os.scandir(folder_fd) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and not entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            if len(names) > MAX_FILES:
                raise InvalidField(f"the recording has more than {MAX_FILES} files; film fewer episodes")
    return sorted(names)


def _training_episodes(name: str, stats: _Stats) -> list[Episode]:
    """The episodes of type "t", as OpenAI's scoreboard counted; files older than the types have no others."""
    count = len(stats.timestamps)
    types = stats.episode_types or ["t"] * count
    if not len(stats.episode_lengths) == len(stats.episode_rewards) == count <= len(types):
        raise InvalidField(f"the lists in the monitor's file {name} are not equally long")
    rows = zip(stats.timestamps, stats.episode_lengths, stats.episode_rewards, types, strict=False)
    return [
        Episode(ended_at, length, math.nan if reward is None else reward)
        for ended_at, length, reward, kind in rows
        if kind == "t"
    ]


def _films(folder: MonitorFolder, videos: list[tuple[str, str]]) -> list[Film]:
    """The films whose description can be read; one that is missing is left out, as a kill may leave it."""
    films = []
    there = set(folder.names)
    for name, meta_name in videos:
        if not _VIDEO_NAME.fullmatch(name) or not {name, meta_name} <= there:
            continue
        with contextlib.suppress(InvalidField):
            meta, _ = folder.read(meta_name, _Meta, _MAX_META_BYTES)
            films.append(Film(name, meta.episode_id, meta.content_type))
    return films
