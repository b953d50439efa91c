"""A deadline that is set and lifted for every command, at the cost of no timer for each."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """Calls `expire` when it passes. One timer waits for it, and for those set later, as they are later, too."""

    def __init__(self, expire: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expire = expire
        self._at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """It passes in so many seconds."""
        self._at = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._at:
            self._wait()

    def lift(self) -> None:
        """It does not pass any more, until it is set again."""
        self._at = math.inf

    def close(self) -> None:
        """It is lifted for good, no timer waits, and nobody is remembered."""
        self._at = math.inf
        self._expire = _nothing
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() >= self._at:
            self._at = math.inf
            self._expire()
        elif self._at < math.inf:
            self._wait()


def _nothing() -> None:
    """There is nobody left to be told."""
