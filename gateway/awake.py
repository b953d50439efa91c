"""An event loop that stays awake for a moment when nothing is to be done, as something mostly is within that moment.

It does so only while there is a core for every worker that has something to do.
"""

import asyncio
import os
import selectors
from collections import OrderedDict

from protocol.vigil import Vigil

_LATELY_S = 1e-3
_Ready = list[tuple[selectors.SelectorKey, int]]


class Load:
    """What workers have to do, as far as the gateway knows; whoever gives it to them says so here."""

    def __init__(self) -> None:
        self.busy = 0  # of them have something to do now
        self._cores = len(os.sched_getaffinity(0))
        self._lately: OrderedDict[int, float] = OrderedDict()  # who was given something when, the last one last

    @property
    def leaves_a_core(self) -> bool:
        """Whether a core is left when each of them has one."""
        return self.busy < self._cores

    def given(self, pid: int, now: float) -> bool:
        """That worker has something to do; whether there is a core on which it may wait for more.

        That is so while few are given anything at all: as many as there are cores for, if each of them has a client
        that wants one too, and the gateway has one; one of them in any case, as it, its client and the gateway take turns.
        """
        lately = self._lately
        lately[pid] = now
        lately.move_to_end(pid)
        while lately[first := next(iter(lately))] < now - _LATELY_S:
            del lately[first]
        return len(lately) == 1 or 2 * len(lately) < self._cores


class AwakeSelector(selectors.DefaultSelector):
    """Keeps a vigil before it lets the system wake it."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load
        self._vigil = Vigil()

    def select(self, timeout: float | None = None) -> _Ready:
        """As every selector's; None is for ever."""
        if (timeout is not None and timeout <= 0) or not self._load.leaves_a_core:
            return super().select(timeout)
        return self._vigil.keep(self._look) or super().select(timeout)

    def _look(self) -> _Ready | None:
        return super().select(0) or None


def awake_loop(load: Load) -> asyncio.AbstractEventLoop:
    """A new event loop that does so."""
    return asyncio.SelectorEventLoop(AwakeSelector(load))
