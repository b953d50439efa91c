"""A log that a worker writes and the gateway reads: bounded, and read through a descriptor of our own.

The environment can put anything at the path later, a link or a pipe; the descriptor stays what it was.
"""

import asyncio
import os
import stat
from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""A log is cut when it is larger than this; how much more it gets until that is seen depends on its writer."""

_KEPT_BYTES = 1024 * 1024
_CLOSED = -1


class WorkerLog:
    """An open log file; the end of what was cut off it is in `older`. Once closed it is empty."""

    def __init__(self, path: Path, older: Path | None = None) -> None:
        self._fd = _opened(path)
        self._older = older
        self._told = 0
        self._older_fd = _CLOSED
        self._is_being_cut = False

    @property
    def size_bytes(self) -> int:
        """How large the file is."""
        return 0 if self._fd == _CLOSED else os.fstat(self._fd).st_size

    def tail(self, length: int, start: int = 0) -> bytes:
        """At most the last `length` bytes of what stands at `start` and behind; for 0, of what was cut off as well."""
        if self._fd == _CLOSED:
            return b""
        newest = _tail(self._fd, length, start)
        missing = length - len(newest)
        if start or not missing or self._older_fd == _CLOSED:
            return newest
        return _tail(self._older_fd, missing) + newest

    @property
    def is_too_large(self) -> bool:
        """Whether it should be cut, and is not being cut already."""
        return not self._is_being_cut and self.size_bytes > MAX_BYTES

    async def cut(self) -> None:
        """The file is empty again, and the end of what was in it is kept in `older`.

        Raises:
            OSError: it is empty, but its end could not be kept.
        """
        self._is_being_cut = True
        fd = os.dup(self._fd)  # ours may be closed meanwhile, and its number be given to another file
        try:
            older_fd = await asyncio.to_thread(_cut, fd, self._older)
        finally:
            self._is_being_cut = False
        older_fd, self._older_fd = self._older_fd, older_fd
        _close(older_fd)
        if self._fd == _CLOSED:
            self.close()

    def untold(self, length: int) -> bytes:
        """As `tail`, but only of what came after the last `tell`; all of it if the file was begun anew since."""
        return self.tail(length, self._told if self._told <= self.size_bytes else 0)

    def tell(self) -> None:
        """What is there now is known to those whom it concerns."""
        self._told = self.size_bytes

    def close(self) -> None:
        """The descriptors are closed, the files stay; closing twice is no error."""
        fds = self._fd, self._older_fd
        self._fd = self._older_fd = _CLOSED
        for fd in fds:
            _close(fd)


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(path, flags, 0o644)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"{path} is no regular file")
    return fd


def _cut(fd: int, older: Path | None) -> int:
    """The descriptor of what is kept, or -1; closes `fd`."""
    try:
        kept = _tail(fd, _KEPT_BYTES)
        os.ftruncate(fd, 0)  # whoever writes has it open for appending, and goes on at the new end
    finally:
        os.close(fd)
    if older is None:
        return _CLOSED
    aside = older.with_suffix(".tmp")
    aside.unlink(missing_ok=True)
    older_fd = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(older_fd, kept)
        aside.replace(older)
    except BaseException:
        os.close(older_fd)
        raise
    return older_fd


def _tail(fd: int, length: int, start: int = 0) -> bytes:
    size = os.fstat(fd).st_size
    return os.pread(fd, length, max(start, size - length))


def _close(fd: int) -> None:
    if fd != _CLOSED:
        os.close(fd)
