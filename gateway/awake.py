"""What workers have to do, and an event loop that stays awake for a moment as long as that goes on.

It does so only while there is a core for every worker that has something to do.
"""

import asyncio
import os
import time
from collections import OrderedDict

from protocol.vigil import AWAKE_S, Vigil

_LATELY_S = 1e-3


class Load:
    """What workers have to do, as far as the gateway knows; whoever gives it to them says so here."""

    def __init__(self) -> None:
        self.busy = 0  # of them have something to do now
        self._cores = len(os.sched_getaffinity(0))
        self._lately: OrderedDict[int, float] = OrderedDict()  # who was given something when, the last one last
        self._awake = _Awake(asyncio.get_running_loop())
        self._for_reply, self._for_next = Vigil(), Vigil()

    def given(self, pid: int) -> bool:
        """That worker has something to do; whether there is a core on which it may stay awake for more.

        That is so while few are given anything at all: as many as there are cores for, if each of them has a client
        that wants one too, and the gateway has one. A single one may in any case: those three take turns.
        """
        self.busy += 1
        now = self._stay_awake(self._for_reply)
        lately = self._lately
        lately[pid] = now
        lately.move_to_end(pid)
        while lately[first := next(iter(lately))] < now - _LATELY_S:
            del lately[first]
        return len(lately) == 1 or 2 * len(lately) < self._cores

    def answered(self) -> None:
        """One of them has done what it had to do."""
        self.busy -= 1
        self._stay_awake(self._for_next)

    def _stay_awake(self, vigil: Vigil) -> float:
        now = time.perf_counter()
        self._awake.interrupt()
        if self.busy < self._cores and vigil.begins():
            self._awake.keep(vigil, now + AWAKE_S)
        return now


class _Awake:
    """Gives the loop something to do, so that it only looks whether there is something else, and does not sleep."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._vigil: Vigil | None = None  # that is kept
        self._end = 0.0
        self._is_scheduled = False

    def keep(self, vigil: Vigil, end: float) -> None:
        """Until then, or until it is interrupted."""
        self._vigil, self._end = vigil, end
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._look)

    def interrupt(self) -> None:
        """Something has come."""
        if self._vigil:
            self._vigil.ended(has_paid=True)
            self._vigil = None

    def _look(self) -> None:
        self._is_scheduled = False
        if self._vigil is None:
            return
        if time.perf_counter() >= self._end or not self._vigil.yields():
            self._vigil.ended(has_paid=False)
            self._vigil = None
            return
        self._is_scheduled = True
        self._loop.call_soon(self._look)
