"""The watch over all instances: memory, processes, size of logs, idleness. From outside, so nothing can evade it.

Busy instances are glanced at every 50 ms, which stops one that takes 2 GB a second within some 100 MB of its limit,
those used lately four times a second, and both are looked at once a second, each in its turn. The quiet ones are looked
at every ten seconds, and at once when the machine as a whole has lost memory or got processes (`alarm.py`). A glance
costs some ten microseconds, but twenty for each member of a family: so a thread measures, and rests when that has taken
it long.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from weakref import WeakKeyDictionary, WeakSet

from gateway import family
from gateway.alarm import Alarm
from gateway.awake import Load
from gateway.instance import Instance
from gateway.lifecycle import State
from protocol.facts import Cause

_GLANCE_S = 0.05
_GLANCES_PER_FAMILY = 4  # at every fourth glance the children are counted too
_GLANCES_PER_TICK = 5  # those that do nothing are glanced at with every tick
_TICKS_PER_LOOK = 4
_TICKS_PER_QUIET = 40
_QUIET_S = 5.0  # without a command
_REST = 4  # times as long as the last measuring took, at least: a fifth of a core is all that the watch may use
_ACTIVE = frozenset({State.STARTING, State.BUSY})
_UNUSED = frozenset({State.READY, State.CRASHED})
log = logging.getLogger(__name__)


class Sight(NamedTuple):
    """One process to be measured, and how thoroughly."""

    instance: Instance
    pid: int
    is_look: bool
    counts_family: bool


class Watch:
    """Looks after `instances()` until it is cancelled; `close` ends one that nobody has used for too long."""

    def __init__(
        self,
        instances: Callable[[], Iterable[Instance]],
        close: Callable[[str], Coroutine[None, None, None]],
        load: Load,
    ) -> None:
        self._instances = instances
        self._close = close
        self._load = load
        self._alarm = Alarm()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: WeakKeyDictionary[Instance, int] = WeakKeyDictionary()  # what was killed needs time to be gone
        self._weighed: WeakSet[Instance] = WeakSet()

    async def run(self) -> None:
        """Never returns."""
        glance, rest_s = 0, _GLANCE_S
        with ThreadPoolExecutor(1, thread_name_prefix="watch") as thread, contextlib.closing(self._alarm):
            while True:
                await asyncio.sleep(rest_s)
                glance += 1
                is_tick, is_alarmed = glance % _GLANCES_PER_TICK == 0, self._alarm.is_raised()
                if not (is_tick or is_alarmed or self._load.busy):
                    continue
                sights = list(self._due(glance, is_tick=is_tick, is_alarmed=is_alarmed))
                if not (sights or is_tick):
                    continue
                measured, took_s = await asyncio.get_running_loop().run_in_executor(thread, _measure, sights)
                for sight, (pids, usage) in zip(sights, measured, strict=True):
                    self._judge(sight, pids, usage)
                rest_s = max(_GLANCE_S, took_s * _REST)

    def _due(self, glance: int, *, is_tick: bool, is_alarmed: bool) -> Iterator[Sight]:
        for instance in self._instances():
            is_active = instance.state in _ACTIVE
            if not (is_active or is_tick or is_alarmed):
                continue
            number = int(instance.instance_id, 16)  # at random, so that not all are looked at together
            turn = glance // _GLANCES_PER_TICK + number
            is_look = is_tick and turn % _TICKS_PER_LOOK == 0
            if is_look or is_active:
                self._bound_logs(instance)
            if is_look:
                self._forget_if_idle(instance)
            is_family = instance.usage.processes > 1
            is_quiet = not (is_active or is_family) and instance.idle_s > _QUIET_S
            if is_quiet and not is_alarmed and turn % _TICKS_PER_QUIET:
                continue
            pid = instance.pid
            if pid is not None and self._ended.get(instance) != pid:
                counts_family = is_look or is_family or (glance + number) % _GLANCES_PER_FAMILY == 0
                yield Sight(instance, pid, is_look, counts_family)

    def _judge(self, sight: Sight, pids: list[int], usage: family.Usage) -> None:
        instance = sight.instance
        if instance.pid != sight.pid:
            return  # it has ended meanwhile
        if sight.is_look:
            instance.statistics.look()
        if sight.counts_family or usage.processes > 1:
            instance.usage = usage
        limits = instance.limits
        if _is_above(usage.processes, limits.processes):
            self._end(sight, "killed", f"it had {usage.processes} processes, more than the {limits.processes} allowed")
        elif _is_above(usage.rss_bytes, limits.memory_bytes) and "memory_bytes" not in instance.hold.grouped:
            if len(pids) == 1:
                self._end_for_memory(sight, usage.rss_bytes)
            elif instance not in self._weighed:
                self._start(self._weigh(sight, pids))

    async def _weigh(self, sight: Sight, pids: list[int]) -> None:
        """What members of a family share has been counted for each of them; now it is counted once."""
        self._weighed.add(sight.instance)
        try:
            used = await asyncio.to_thread(family.pss_bytes, pids)
        finally:
            self._weighed.discard(sight.instance)
        if _is_above(used, sight.instance.limits.memory_bytes):
            self._end_for_memory(sight, used)

    def _end_for_memory(self, sight: Sight, used: int) -> None:
        allowed = sight.instance.limits.memory_bytes
        self._end(sight, "memory", f"it used {used} bytes of memory, {allowed} are allowed")

    def _end(self, sight: Sight, cause: Cause, reason: str) -> None:
        instance = sight.instance
        if instance.pid != sight.pid or self._ended.get(instance) == sight.pid:
            return
        log.warning("%s: killed: %s", instance.instance_id, reason)
        self._ended[instance] = sight.pid
        instance.end(cause, reason)

    def _bound_logs(self, instance: Instance) -> None:
        for written in (instance.output_log, instance.fault_log):
            if written.is_too_large:
                self._start(written.cut())

    def _forget_if_idle(self, instance: Instance) -> None:
        limit = instance.limits.idle_s
        if limit is not None and instance.state in _UNUSED and instance.idle_s > limit:
            log.info("%s: idle for %.0f s, closed", instance.instance_id, instance.idle_s)
            self._start(self._close(instance.instance_id))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("the watch could not do its work: %s", error)


def _measure(sights: list[Sight]) -> tuple[list[tuple[list[int], family.Usage]], float]:
    """What each of them uses, and the processor time that it took to find out, seconds; orphans end on the way."""
    began = time.thread_time()
    family.end_orphans()
    return [_measured(sight) for sight in sights], time.thread_time() - began


def _measured(sight: Sight) -> tuple[list[int], family.Usage]:
    if not sight.counts_family and not family.has_children(sight.pid):
        return [sight.pid], family.Usage(family.rss_bytes(sight.pid), 0.0, 1)
    pids = family.members(sight.pid)
    return pids, family.usage(pids)


def _is_above(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit
