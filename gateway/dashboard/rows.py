"""What the dashboard shows of an instance, as a row whose fields seldom change by themselves.

So a time is told as the moment when something began, in seconds of the epoch, and figures are rounded to what a person
reads; an instance that rests has the same row for hours.
"""

import math
import time
from collections import deque
from typing import Any

from gateway.dashboard.trouble import Signs, trouble
from gateway.instance import Instance
from gateway.lifecycle import State

Row = dict[str, Any]

_LONG_S = 1.0
_RESTING_S = 2.0
_P99_S = 4.0
_CPU_WINDOW_S = 5.0
_RSS_GRAIN = 256 * 1024


class Sketch:
    """One instance from look to look: its row, and what is needed to make the next."""

    def __init__(self) -> None:
        self._steps = -1
        self._p99: tuple[float, int, float | None] = (-math.inf, -1, None)
        self._cpu: deque[tuple[float, float]] = deque()

    def row(self, instance: Instance, now: float, epoch_s: float) -> Row:
        """The row at the moment `now` of the monotonic clock; `epoch_s` is what has to be added for the wall clock."""
        statistics = instance.statistics
        signs = self._signs(instance, now)
        is_stepping = statistics.steps != self._steps
        self._steps = statistics.steps
        is_long = signs.running_s is not None and signs.running_s > _LONG_S
        return {
            "env_id": instance.env_id,
            "state": _state(instance, is_stepping=is_stepping),
            "trouble": trouble(signs),
            "command": signs.command if is_long else None,
            "since": round(epoch_s + now - (signs.running_s or 0.0), 1) if is_long else None,
            "steps": statistics.steps,
            "steps_per_s": _three_digits(statistics.steps_per_s),
            "step_p99_s": signs.step_p99_s,
            "cpu_percent": signs.cpu_percent,
            "rss_bytes": None if instance.pid is None else signs.rss_bytes // _RSS_GRAIN * _RSS_GRAIN,
            "queue": signs.queue if signs.queue > 1 or not is_stepping else 1,
            "used_at": round(epoch_s + now - signs.idle_s) if signs.idle_s > _RESTING_S else None,
            "labels": instance.labels,
            "created_at": instance.created_at.timestamp(),
            "is_recording": instance.is_recording,
        }

    def _signs(self, instance: Instance, now: float) -> Signs:
        op, began = instance.command or (None, now)
        return Signs(
            crash=instance.crash,
            command=op,
            running_s=now - began if op else None,
            idle_s=instance.idle_s,
            deadline_s=_deadline_s(instance, op),
            rss_bytes=instance.usage.rss_bytes,
            memory_limit_bytes=instance.limits.memory_bytes,
            cpu_percent=self._cpu_percent(instance, now),
            queue=instance.turns.waiting,
            step_p99_s=self._step_p99_s(instance, now),
            restarts=instance.restarts,
            picture_error=instance.statistics.picture_error,
        )

    def _cpu_percent(self, instance: Instance, now: float) -> int | None:
        """Of one core, over the last seconds; None until it is known."""
        seen, used_s = self._cpu, instance.usage.cpu_s
        if instance.pid is None or (seen and used_s < seen[-1][1]):  # another worker
            seen.clear()
        if instance.pid is None:
            return None
        if not seen or used_s != seen[-1][1]:
            seen.append((now, used_s))
        while len(seen) > 2 and now - seen[1][0] >= _CPU_WINDOW_S:  # noqa: PLR2004 - a rate needs two
            seen.popleft()
        since, before_s = seen[0]
        return round(100 * (used_s - before_s) / (now - since)) if now - since >= 1 else None

    def _step_p99_s(self, instance: Instance, now: float) -> float | None:
        """Sorted anew only now and then: it is a figure about a thousand steps."""
        at, steps, _ = self._p99
        if instance.statistics.steps != steps and now - at >= _P99_S:
            p99_s = instance.statistics.step_p99_s()
            self._p99 = (now, instance.statistics.steps, None if p99_s is None else _three_digits(p99_s))
        return self._p99[2]


def epoch_offset_s() -> float:
    """What has to be added to the monotonic clock for the wall clock."""
    return time.time() - time.monotonic()


def _state(instance: Instance, *, is_stepping: bool) -> str:
    """Between two steps of a client that does not pause an instance is as busy as during them."""
    return State.BUSY if is_stepping and instance.state is State.READY else instance.state


def _deadline_s(instance: Instance, op: str | None) -> float:
    limits = instance.limits
    named = {"make": limits.start_s, "reset": limits.reset_s, "step": limits.step_s, "close": limits.close_s}
    return named.get(op or "step", limits.render_s)


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")
