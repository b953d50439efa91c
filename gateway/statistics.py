"""What an instance has done, counted outside its environment, so that a crash loses none of it."""

import math
import time
from collections import deque
from collections.abc import Collection, Iterable
from statistics import fmean
from typing import Any

from protocol.messages import AnyReply, Autoreset, Drawn, Observed, Stepped, Transition

_KEPT = 1000
_BEST_OF = 100


class Statistics:
    """Episodes, steps and latencies of one instance; the last 1,000 of each are kept.

    An episode counts when the environment says that it has ended. Steps that a client of `/v1` takes beyond that are
    counted as steps, and belong to no episode. `begun` grows whenever an episode may have begun.
    """

    def __init__(self, autoreset: Autoreset = "disabled") -> None:
        self.steps = self.episodes = self.begun = 0
        self.steps_per_s = 0.0
        self.picture_error: str | None = None
        self._returns: deque[float] = deque(maxlen=_KEPT)
        self._lengths: deque[int] = deque(maxlen=_KEPT)
        self._latencies_s: dict[str, deque[float]] = {}
        self._return = 0.0
        self._length = 0
        self._is_running = False
        self._begins_at_end = autoreset == "same_step"
        self._best_mean: float | None = None
        self._seen = (time.monotonic(), 0)

    def saw(self, reply: AnyReply) -> None:
        """What a reply tells of episodes and pictures is counted."""
        match reply:
            case Stepped():
                for transition in reply.transitions:
                    self._step(transition)
                self._picture(reply.drawn)
            case Observed():
                self._begin_episode()
                self._picture(reply.drawn)

    def took(self, op: str, elapsed_s: float) -> None:
        """The latency of one command is counted."""
        latencies = self._latencies_s.get(op)
        if latencies is None:
            latencies = self._latencies_s[op] = deque(maxlen=_KEPT)
        latencies.append(elapsed_s)

    def look(self) -> None:
        """`steps_per_s` is the rate since the last look."""
        now, (then, steps) = time.monotonic(), self._seen
        if now > then:
            self.steps_per_s = (self.steps - steps) / (now - then)
        self._seen = (now, self.steps)

    def document(self) -> dict[str, Any]:
        """The statistics as `/v2` tells them."""
        return {
            "episodes": self.episodes,
            "steps": self.steps,
            "returns": list(self._returns),
            "lengths": list(self._lengths),
            "return": _spread(self._returns) | {"best_100_mean": self._best_mean},
            "length": _spread(self._lengths),
            "steps_per_s": round(self.steps_per_s, 3),
            "latency_s": {op: percentiles(latencies) for op, latencies in self._latencies_s.items()},
        }

    def episode(self) -> dict[str, Any] | None:
        """The episode that runs, or else the last that ended: its number from 1, steps and return so far."""
        if self._is_running:
            return {"number": self.episodes + 1, "steps": self._length, "return": self._return, "is_over": False}
        if not self._returns:
            return None
        return {"number": self.episodes, "steps": self._lengths[-1], "return": self._returns[-1], "is_over": True}

    def step_p99_s(self) -> float | None:
        """The 99th percentile of the last 1,000 steps' latencies, seconds."""
        latencies = self._latencies_s.get("step")
        return percentiles(latencies)["p99"] if latencies else None

    def _step(self, transition: Transition) -> None:
        if transition.is_reset:
            self._begin_episode()
            return
        self.steps += 1
        self._length += 1
        self._return += transition.reward
        if self._is_running and (transition.terminated or transition.truncated):
            self._end_episode()

    def _begin_episode(self) -> None:
        """What was counted of an episode without an end is forgotten."""
        self._return, self._length = 0.0, 0
        self._is_running = True
        self.begun += 1

    def _end_episode(self) -> None:
        self.episodes += 1
        self._returns.append(self._return)
        self._lengths.append(self._length)
        if len(self._returns) >= _BEST_OF:
            mean = _mean(list(self._returns)[-_BEST_OF:])
            if math.isfinite(mean):
                self._best_mean = mean if self._best_mean is None else max(self._best_mean, mean)
        self._begin_episode()
        self._is_running = self._begins_at_end

    def _picture(self, drawn: Drawn | None) -> None:
        if drawn:
            self.picture_error = drawn.error


def percentiles(latencies_s: Iterable[float]) -> dict[str, float]:
    """`p50` and `p99`, seconds: the smallest value that so many of a hundred do not exceed."""
    ordered = sorted(latencies_s)
    return {f"p{p}": round(ordered[max(0, -(-len(ordered) * p // 100) - 1)], 6) for p in (50, 99)}


def _spread(values: Collection[float]) -> dict[str, float | None]:
    if not values:
        return {"mean": None, "min": None, "max": None}
    return {"mean": _mean(values), "min": min(values), "max": max(values)}


def _mean(values: Collection[float]) -> float:
    """NaN where they have none: a reward may be anything."""
    try:
        return fmean(values)
    except (ValueError, OverflowError):  # both infinities, or a sum beyond the largest number
        return math.nan
