"""The control group of one worker (the kernel's cgroup-v2.rst): all that it starts is in it, and none can leave it.

Every method but `ran_out_of_memory` blocks for as long as the kernel likes, so the gateway's loop calls none of them.
"""

import contextlib
import logging
import os
import select
import time
from pathlib import Path

from protocol.facts import Limits

_NICE_RATIO = 1.25  # sched(7): what one level of niceness changes the share of the processor by
_MOST_WEIGHT = 10_000
_PERIOD_US, _LEAST_QUOTA_US = 100_000, 1000
_END_S = 5.0  # for killed processes to be gone
log = logging.getLogger(__name__)


class Group:
    """A folder below the server's own group; `path` may not exist any more."""

    def __init__(self, path: Path, controllers: frozenset[str]) -> None:
        self.path = path
        self._controllers = controllers

    def bind(self, limits: Limits) -> frozenset[str]:
        """The names of those limits that the kernel now holds the group to."""
        held = set()
        for controller, name, file, value in _settings(limits):
            if controller not in self._controllers:
                continue
            try:
                (self.path / file).write_text(value)
            except OSError as error:
                log.warning("%s is not in force by a group: %s", name, error)
            else:
                held.add(name)
        if "memory_bytes" in held:
            for file, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                with contextlib.suppress(OSError):  # a kernel without swap has no limit for it
                    (self.path / file).write_text(value)
        return frozenset(held)

    def take(self, pid: int) -> None:
        """The process is in the group, as will be all that it starts.

        Raises:
            OSError: it could not be moved there, or is gone.
        """
        (self.path / "cgroup.procs").write_text(str(pid))

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has killed for want of memory in here; read from counters, without waiting."""
        try:
            events = (self.path / "memory.events").read_text()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and not line.endswith(" 0") for line in events.splitlines())

    def kill(self) -> None:
        """SIGKILL is on its way to everybody in the group; since Linux 5.14."""
        with contextlib.suppress(OSError):
            (self.path / "cgroup.kill").write_text("1")

    def remove(self) -> None:
        """There is no such group any more, once those in it have ended; five seconds are waited for them."""
        deadline = time.monotonic() + _END_S
        while True:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError as error:
                if not self._becomes_empty(deadline):
                    log.warning("the group %s cannot be removed: %s", self.path.name, error)
                    return
            else:
                return

    def _becomes_empty(self, deadline: float) -> bool:
        """Whether nobody lives in the group, asked until `deadline`; the kernel says so by an event on the file."""
        try:
            fd = os.open(self.path / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return True
        try:
            events = select.poll()
            events.register(fd, select.POLLPRI)
            while b"populated 1" in os.pread(fd, 256, 0):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                events.poll(left_s * 1000)
            return time.monotonic() < deadline
        finally:
            os.close(fd)


def _settings(limits: Limits) -> tuple[tuple[str, str, str, str], ...]:
    """Controller, name of the limit, file, and what is written into it."""
    weight = max(1, min(_MOST_WEIGHT, round(limits.cpu_weight / _NICE_RATIO**limits.nice)))
    quota = "max"
    if limits.cpu_cores is not None:
        quota = str(max(_LEAST_QUOTA_US, round(limits.cpu_cores * _PERIOD_US)))
    return (
        ("memory", "memory_bytes", "memory.max", _or_max(limits.memory_bytes)),
        ("pids", "processes", "pids.max", _or_max(limits.processes)),
        ("cpu", "cpu_weight", "cpu.weight", str(weight)),
        ("cpu", "cpu_cores", "cpu.max", f"{quota} {_PERIOD_US}"),
    )


def _or_max(value: int | None) -> str:
    return "max" if value is None else str(value)
