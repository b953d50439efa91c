"""The watch over all instances: memory, processes, size of logs, idleness. From outside, so nothing can evade it.

Busy instances are glanced at every 50 ms, which stops one that takes 2 GB a second within some 100 MB of its limit;
all of them are looked at once a second. A glance costs some ten microseconds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from gateway import family
from gateway.instance import Instance
from gateway.lifecycle import State

_GLANCE_S = 0.05
_GLANCES_PER_FAMILY = 4  # at every fourth glance the children are counted too
_GLANCES_PER_LOOK = 20
log = logging.getLogger(__name__)


class Watch:
    """Looks after `instances()` until it is cancelled; `close` ends one that is idle for too long."""

    def __init__(self, instances: Callable[[], Iterable[Instance]], close: Callable[[str], Awaitable[None]]) -> None:
        self._instances = instances
        self._close = close
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Never returns."""
        glance = 0
        while True:
            await asyncio.sleep(_GLANCE_S)
            glance += 1
            family.end_orphans()
            is_look = glance % _GLANCES_PER_LOOK == 0
            for instance in self._instances():
                if instance.pid is None:
                    continue
                if is_look:
                    self._look(instance)
                elif instance.state is State.BUSY or instance.usage.processes > 1:
                    self._glance(instance, counts_family=glance % _GLANCES_PER_FAMILY == 0)

    def _glance(self, instance: Instance, *, counts_family: bool) -> None:
        pid = instance.pid
        assert pid is not None  # noqa: S101 - narrows; run() has looked
        instance.output_log.bound()
        if counts_family or instance.usage.processes > 1:
            self._hold_to_limits(instance, family.members(pid))
        elif _is_above(family.rss_bytes(pid), instance.limits.memory_bytes):
            self._hold_to_limits(instance, [pid])

    def _look(self, instance: Instance) -> None:
        assert instance.pid is not None  # noqa: S101 - narrows; run() has looked
        instance.output_log.bound()
        instance.statistics.look()
        pids = family.members(instance.pid)
        instance.usage = family.usage(pids)
        self._hold_to_limits(instance, pids)
        limit = instance.limits.idle_s
        if limit is not None and instance.state is State.READY and instance.idle_s > limit:
            log.info("%s: idle for %.0f s, closed", instance.instance_id, instance.idle_s)
            self._start(self._close(instance.instance_id))

    def _hold_to_limits(self, instance: Instance, pids: list[int]) -> None:
        limits = instance.limits
        if _is_above(len(pids), limits.processes):
            log.warning("%s: %d processes, killed", instance.instance_id, len(pids))
            instance.end("killed", f"it had {len(pids)} processes, more than the {limits.processes} allowed")
        elif _is_above(sum(map(family.rss_bytes, pids)), limits.memory_bytes):
            self._start(self._weigh(instance, pids))

    async def _weigh(self, instance: Instance, pids: list[int]) -> None:
        """What members of a family share has been counted for each of them; now it is counted once."""
        used = family.rss_bytes(pids[0]) if len(pids) == 1 else await asyncio.to_thread(family.pss_bytes, pids)
        if _is_above(used, instance.limits.memory_bytes):
            log.warning("%s: %d MB, killed", instance.instance_id, used // 1_000_000)
            instance.end("memory", f"it used {used} bytes of memory, {instance.limits.memory_bytes} are allowed")

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_above(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit
