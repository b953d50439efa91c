"""Whether to stay awake for what mostly comes within a moment; both ends of a pipe ask themselves that.

To sleep and be woken costs a step more than its work: a processor that has gone to sleep takes tens of microseconds to
be there again, above all in a virtual machine. Who stays awake calls `os.sched_yield` between two looks, so that
whoever else wants the processor has it. Knows nothing of what is waited for.
"""

AWAKE_S = 200e-6
"""For how long: another process's reply to ours, and a client's own work between two steps, mostly take less."""
_MAX_SKIPPED = 63


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

    def ended(self, *, has_paid: bool) -> None:
        """Something came in time, or nothing did."""
        self._skipped = 0 if has_paid else min(2 * self._skipped + 1, _MAX_SKIPPED)
        self._to_skip = self._skipped
