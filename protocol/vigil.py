"""Whether to stay awake for what mostly comes within a moment; both ends of a pipe ask themselves that.

To sleep and be woken costs a step more than its work: a processor that has gone to sleep takes tens of microseconds to
be there again, above all in a virtual machine. Between two looks the processor is offered to whoever else wants it,
mostly a client that has something to do before its next step. Knows nothing of what is waited for.
"""

import os
import time

AWAKE_S = 200e-6
"""For how long: another process's reply to ours, and a client's own work between two steps, mostly take less."""
_LONG_S = 2 * AWAKE_S
_MAX_SKIPPED, _SKIPPED_FOR_OTHERS = 63, 1023


class Vigil:
    """What has come of staying awake so far: where it did not pay, it is done ever more rarely."""

    def __init__(self) -> None:
        self._to_skip = self._skipped = 0

    def begins(self) -> bool:
        """Whether to stay awake this time."""
        if self._to_skip:
            self._to_skip -= 1
            return False
        return True

    def yields(self) -> bool:
        """Whoever wants the processor has had it; whether to go on.

        Whoever keeps it for long is no client but wants it for good, and has most of it from whoever offers it: then
        to sleep is better, as those who wake go first.
        """
        before = time.perf_counter()
        os.sched_yield()
        if time.perf_counter() - before < _LONG_S:
            return True
        self._skipped, self._to_skip = 0, _SKIPPED_FOR_OTHERS
        return False

    def ended(self, *, has_paid: bool) -> None:
        """Something came in time, or nothing did."""
        self._skipped = 0 if has_paid else min(2 * self._skipped + 1, _MAX_SKIPPED)
        self._to_skip = max(self._to_skip, self._skipped)
