"""Where a worker is when it dies, or when it is asked: Python stacks, written to the fault log by the system's signals.

Uses faulthandler, whose handlers run in C and so answer also while the interpreter does not.
"""

import faulthandler
import os
import traceback
from pathlib import Path

from protocol.folder import STACK_SIGNAL


class FaultLog:
    """The open fault log of this process."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o644)
        faulthandler.enable(self._fd)
        faulthandler.register(STACK_SIGNAL, self._fd, all_threads=True, chain=False)

    def record(self, error: BaseException) -> None:
        """The error and its stack are in the log."""
        os.write(self._fd, "".join(traceback.format_exception(error)).encode("utf-8", "replace"))
