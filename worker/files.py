"""Files that others read while they are written: whole or not there at all; and why one could not be written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
"""Errors that the disk or its administrator cause, and no environment."""


def replace(path: Path, write: Callable[[Path], None]) -> None:
    """The file is what `write` put into the path it was given, which lies aside and is then renamed.

    On failure the old file stays and nothing is left behind.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def replace_bytes(path: Path, content: bytes) -> None:
    """The file has this content."""
    replace(path, lambda aside: _write(aside, content))


def replace_by_link(path: Path, existing: Path) -> None:
    """The path is another name of an existing file."""
    replace(path, lambda aside: aside.hardlink_to(existing))


def reason(error: Exception) -> str:
    """The error in one line, without the server's own paths."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
