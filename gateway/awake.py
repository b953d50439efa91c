"""An event loop that stays awake for a moment when nothing is to be done, as something mostly is within that moment.

To sleep and be woken costs a step more than to wait for it: its reply, and the client's next request, come after some
twenty microseconds, and each wake-up of a processor takes as long. It does so only while there is a core for every
worker that has something to do, and where it has not paid it is tried ever more rarely, so that it costs workers next
to nothing of the processor they share.
"""

import asyncio
import os
import selectors
import time

_AWAKE_S = 50e-6
_MAX_SKIPPED = 63


class Load:
    """How many workers have something to do, as far as the gateway knows; whoever makes them counts."""

    def __init__(self) -> None:
        self.busy = 0
        self._cores = len(os.sched_getaffinity(0))

    @property
    def leaves_a_core(self) -> bool:
        """Whether a core is left when each of them has one."""
        return self.busy < self._cores


class AwakeSelector(selectors.DefaultSelector):
    """Looks again and again for up to 50 microseconds, before it lets the system wake it."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load
        self._to_skip = self._skipped = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As every selector's; None is for ever."""
        if (timeout is not None and timeout <= 0) or not self._load.leaves_a_core:
            return super().select(timeout)
        if self._to_skip:
            self._to_skip -= 1
            return super().select(timeout)
        end = time.perf_counter() + _AWAKE_S
        while not (ready := super().select(0)) and time.perf_counter() < end:
            pass
        self._skipped = 0 if ready else min(2 * self._skipped + 1, _MAX_SKIPPED)
        self._to_skip = self._skipped
        return ready or super().select(timeout)


def awake_loop(load: Load) -> asyncio.AbstractEventLoop:
    """A new event loop that does so."""
    return asyncio.SelectorEventLoop(AwakeSelector(load))
