"""A log that a worker writes and the gateway reads: bounded, and read through a descriptor of our own.

The environment can put anything at the path later, a link or a pipe; the descriptor stays what it was.
"""

import os
import stat
from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""A log is cut when it is larger than this; how much more it gets until that is seen depends on its writer."""

_KEPT_BYTES = 1024 * 1024


class WorkerLog:
    """An open log file; what is older than its last cut is in `older`."""

    def __init__(self, path: Path, older: Path | None = None) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self._fd = os.open(path, flags, 0o644)
        self._older = older
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.close(self._fd)
            raise OSError(f"{path} is no regular file")

    @property
    def size_bytes(self) -> int:
        """How large the file is."""
        return os.fstat(self._fd).st_size

    def tail(self, length: int, start: int = 0) -> bytes:
        """At most the last `length` bytes of what stands at `start` and behind."""
        size = self.size_bytes
        return os.pread(self._fd, length, max(start, size - length))

    def bound(self) -> None:
        """A log that is too large is empty again, and its end is kept in `older`."""
        if self.size_bytes <= MAX_BYTES:
            return
        kept = self.tail(_KEPT_BYTES)
        os.ftruncate(self._fd, 0)  # whoever writes has it open for appending, and goes on at the new end
        if self._older:
            aside = self._older.with_suffix(".tmp")
            aside.unlink(missing_ok=True)
            with aside.open("xb") as file:
                file.write(kept)
            aside.replace(self._older)

    def close(self) -> None:
        """The descriptor is closed; the file stays."""
        os.close(self._fd)
