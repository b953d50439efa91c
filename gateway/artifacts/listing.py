"""What lies in a folder, and which instances have one; values only, HTML and JSON are made of them elsewhere.

Everything here may block; call it in a thread.
"""

import contextlib
import heapq
import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from gateway.artifacts.paths import FOLDERS, INSTANCE_ID, is_served, open_beneath
from gateway.artifacts.window import Window
from protocol.errors import NotFound, UnknownInstance

T = TypeVar("T")
# Bounds for what an environment may make us hold; names beyond the first are not listed, but still served.
_MAX_NAMES = 200_000
_MAX_FACTS_BYTES = 4096
_LAST_SECOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_LAST_NS = 10**19 - 1
_RUN = 4096
FOR_VIEWERS = "latest.jpg"
"""What workers draw while somebody looks."""

_TEXT = "latest.txt"
PICTURES = (FOR_VIEWERS, "latest.png")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The things in a window, and how many there are in all."""

    items: Sequence[T]
    total: int
    window: Window


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder; the size in bytes."""

    name: str
    is_folder: bool
    size_bytes: int
    modified_at: datetime


class Facts(msgspec.Struct, frozen=True):
    """What the supervisor writes into `instance.json` at creation."""

    env_id: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance as its folder remembers it, whether it still runs or not."""

    instance_id: str
    facts: Facts
    picture: "Picture | None"
    """Its last one."""
    text: "Picture | None"
    """The same, where the environment draws text."""


class Picture(NamedTuple):
    """A file in `rendered/`, and what it is now."""

    name: str
    stat: os.stat_result

    @property
    def version(self) -> tuple[int, int]:
        """What differs between any two pictures that were renamed into place."""
        return self.stat.st_ino, self.stat.st_mtime_ns


def list_folder(fd: int, window: Window) -> Page[Entry]:
    """The files and folders that the open folder holds, by name, `2.png` before `10.png`; links are left out."""
    with os.scandir(fd) as found:
        keys, total = _in_window(
            (
                f"{_natural(entry.name)}\0{entry.name}"
                for entry in itertools.islice(found, _MAX_NAMES)
                if is_served(entry.name) and _is_file_or_folder(entry)
            ),
            window,
        )
    return Page(_entries(fd, [key.rpartition("\0")[2] for key in keys]), total, window)


def list_instances(root: Path, window: Window, is_hidden: Callable[[str], bool]) -> Page[Kept]:
    """The instances that have a folder and are not hidden, newest first."""
    with os.scandir(root) as found:
        keys, total = _in_window(
            (
                f"{_LAST_NS - _created_ns(entry):020}\0{entry.name}"
                for entry in itertools.islice(found, _MAX_NAMES)
                if INSTANCE_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
                if not is_hidden(entry.name)
            ),
            window,
        )
    return Page([_kept(root, key.rpartition("\0")[2]) for key in keys], total, window)


def read_instance(root: Path, instance_id: str) -> tuple[Kept, list[Entry]]:
    """What the folder of the instance remembers, and those of its folders that are served.

    Raises:
        UnknownInstance: it has no folder.
    """
    try:
        fd = open_beneath(root, (instance_id,))
    except NotFound as error:
        raise UnknownInstance(f"there are no artifacts of an instance {instance_id}") from error
    try:
        folders = [entry for entry in _entries(fd, FOLDERS) if entry.is_folder]
    finally:
        os.close(fd)
    return _kept(root, instance_id), folders


def modified_at(found: os.stat_result) -> datetime:
    """When the file was last written; a time that no calendar has, which anyone may set, is moved into one."""
    return datetime.fromtimestamp(min(max(found.st_mtime, 0.0), _LAST_SECOND), UTC)


def _in_window(keys: Iterator[str], window: Window) -> tuple[list[str], int]:
    """The keys in that window of their order, and how many there are.

    Sorting holds the interpreter, and with it the gateway's loop, from its beginning to its end: 100,000 names are
    sorted in short runs, of which only the head is merged. Keys are strings, which the garbage collector skips.
    """
    runs = []
    while run := sorted(itertools.islice(keys, _RUN)):
        runs.append(run)
    chosen = itertools.islice(heapq.merge(*runs), window.offset, window.end)
    return list(chosen), sum(map(len, runs))


def _natural(name: str) -> str:
    """A key by which numbers in names count by their value."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(20), name)


def _is_file_or_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _created_ns(entry: os.DirEntry[str]) -> int:
    """When the instance was made; the folder's own time moves with everything that is added to it."""
    created_ns = 0
    with contextlib.suppress(OSError):
        created_ns = entry.stat(follow_symlinks=False).st_mtime_ns
        created_ns = os.lstat(f"{entry.path}/instance.json").st_mtime_ns
    return min(max(created_ns, 0), _LAST_NS)


def _kept(root: Path, instance_id: str) -> Kept:
    picture, text = newest_picture(root, instance_id), newest_picture(root, instance_id, (_TEXT,))
    return Kept(instance_id, _facts(root, instance_id), picture, text)


def newest_picture(root: Path, instance_id: str, names: Sequence[str] = PICTURES) -> Picture | None:
    """The last of those pictures that was drawn; None where there is none. Looks at two files, and reads neither."""
    found = []
    for name in names:
        with contextlib.suppress(OSError):
            picture = Picture(name, os.lstat(root / instance_id / "rendered" / name))
            found += [picture] if stat.S_ISREG(picture.stat.st_mode) else []
    return max(found, key=lambda picture: picture.stat.st_mtime_ns, default=None)


def _facts(root: Path, instance_id: str) -> Facts:
    """An environment may have overwritten the file, so nothing in it is trusted."""
    try:
        fd = open_beneath(root, (instance_id, "instance.json"))
    except NotFound:
        return Facts()
    try:
        return msgspec.json.decode(os.read(fd, _MAX_FACTS_BYTES), type=Facts)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Facts()
    finally:
        os.close(fd)


def _entries(fd: int, names: Sequence[str]) -> list[Entry]:
    entries = []
    for name in names:
        with contextlib.suppress(OSError):  # gone since it was listed
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            entries.append(Entry(name, stat.S_ISDIR(found.st_mode), found.st_size, modified_at(found)))
    return entries
