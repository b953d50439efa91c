"""A file that grows by whole pieces: whoever reads it, or finds it after a kill, never meets half of one."""

import os
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class GrowingFile:
    """A new, empty file; an older one of that name is gone.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, _FLAGS, 0o644)
        self._end = 0

    def append(self, piece: bytes, head_bytes: int = 0) -> None:
        """The piece is at the file's end; its first `head_bytes` came last.

        Raises:
            OSError: it does not fit; the file ends where it did before.
        """
        try:
            self._put(piece[head_bytes:], self._end + head_bytes)
            self._put(piece[:head_bytes], self._end)
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end += len(piece)

    def close(self) -> None:
        """Nothing more comes; closing twice is closing once."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _put(self, content: bytes, position: int) -> None:
        rest = memoryview(content)
        while rest:
            written = os.pwrite(self._fd, rest, position)
            rest, position = rest[written:], position + written
