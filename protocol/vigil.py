"""Waiting awake for what mostly comes within a moment; both ends of a pipe wait like this.

To sleep and be woken costs a step more than its work: a processor that has gone to sleep takes tens of microseconds to
be there again, above all in a virtual machine. Knows nothing of what is waited for.
"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")

_AWAKE_S = 200e-6  # the reply of another process to ours, and a client's own work between two steps, take less
_MAX_SKIPPED = 63


class Vigil:
    """Looks again and again, for up to 200 microseconds; where that has not paid, ever more rarely.

    Between two looks it lets whoever else wants its processor have it, so it costs others next to nothing of that.
    """

    def __init__(self) -> None:
        self._to_skip = self._skipped = 0

    def keep(self, look: Callable[[], _Found | None]) -> _Found | None:
        """What `look` has found, if it did so in time; None where it is better to sleep until there is something."""
        if self._to_skip:
            self._to_skip -= 1
            return None
        end = time.perf_counter() + _AWAKE_S
        while (found := look()) is None and time.perf_counter() < end:
            os.sched_yield()
        self._skipped = 0 if found is not None else min(2 * self._skipped + 1, _MAX_SKIPPED)
        self._to_skip = self._skipped
        return found
