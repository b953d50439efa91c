"""A process that somebody has forked for us: we are not its parent, and learn of its end by its status."""

import asyncio
import contextlib
import os
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from typing import Protocol

from protocol.templates import STATUS


class Child(Protocol):
    """A process, until it is closed."""

    @property
    def pid(self) -> int:
        """The process."""
        ...

    @property
    def sentinel(self) -> int:
        """A descriptor from which can be read when it has ended, or its parent has."""
        ...

    def exit_code(self) -> int | None:
        """With what it has ended, a signal as a negative number; None if its parent is gone.

        To be asked once, when the sentinel is ready.
        """
        ...

    def close(self) -> None:
        """Nothing is held for it any more."""
        ...


async def readable(fd: int, timeout_s: float) -> None:
    """The descriptor can be read from, which nobody else waits for.

    Raises:
        TimeoutError: not within the time.
    """
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        async with asyncio.timeout(timeout_s):
            await ready.wait()
    finally:
        loop.remove_reader(fd)


class ForkServerChild:
    """One that multiprocessing's fork server has forked. Implements `Child`."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None  # noqa: S101 - narrows the type; a started process has one
        self._process = process
        self.pid = process.pid
        self.sentinel = process.sentinel

    def exit_code(self) -> int | None:
        """With what it has ended; `Process.exitcode` would say 255 where the fork server is gone, as if it had."""
        try:
            code: int | None = forkserver.read_signed(self.sentinel)
        except EOFError:
            code = None
        # It would be read from the sentinel again before the process can be closed, and nothing is there any more.
        self._process._popen.returncode = 255 if code is None else code  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
        return code

    def close(self) -> None:
        """Nothing is held for it any more."""
        with contextlib.suppress(ValueError):  # not yet reaped: the sentinel's descriptors go with the object
            self._process.close()


class TemplateChild:
    """One that a template has forked; `status` is the end of its pipe that is read. Implements `Child`."""

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self.sentinel = status

    def exit_code(self) -> int | None:
        """With what it has ended, or None."""
        told = os.read(self.sentinel, STATUS.size)
        return STATUS.unpack(told)[0] if len(told) == STATUS.size else None

    def close(self) -> None:
        """Nothing is held for it any more."""
        os.close(self.sentinel)
