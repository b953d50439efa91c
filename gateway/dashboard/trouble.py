"""Which instances a person should look at first, and why. Pure; knows neither time nor processes."""

from typing import NamedTuple

from gateway.crash import in_words
from protocol.facts import CrashReport

SEVERE, NOTABLE, SLIGHT = 3, 2, 1

_SLOW_S, _HANGING_S = 2.0, 10.0
_MUCH_OF_LIMIT = 0.8
_CALM_S = 8.0  # the processor's share is that of some seconds, so it stays high for a while
_BUSY_FOR_NOTHING_PERCENT, _MANY_CORES_PERCENT = 50, 150
_LONG_QUEUE = 8
_SLOW_STEP_S = 1.0
_MANY_RESTARTS = 3
_MEBIBYTE = 1024 * 1024


class Trouble(NamedTuple):
    """How bad it is, 1 to 3, and what it is in a few words."""

    level: int
    text: str


class Signs(NamedTuple):
    """What is known of an instance that may be in trouble; `running_s` is None while no command runs."""

    crash: CrashReport | None
    command: str | None
    running_s: float | None
    idle_s: float
    deadline_s: float
    rss_bytes: int
    memory_limit_bytes: int | None
    cpu_percent: int | None
    queue: int
    step_p99_s: float | None
    restarts: int
    picture_error: str | None


def trouble(signs: Signs) -> Trouble | None:
    """The worst of what is wrong, or None where nothing is."""
    found = [kind for kind in (_crash(signs), _slow(signs), _greedy(signs), _odd(signs)) if kind]
    return max(found, key=lambda kind: kind.level, default=None)


def _crash(signs: Signs) -> Trouble | None:
    if signs.crash is None:
        return None
    level = NOTABLE if signs.crash.cause == "killed" and not signs.crash.reason else SEVERE
    return Trouble(level, in_words(signs.crash))


def _slow(signs: Signs) -> Trouble | None:
    """A command that does not come back, or steps that take very long."""
    if signs.running_s is not None and signs.running_s > _SLOW_S:
        is_hanging = signs.running_s > min(_HANGING_S, signs.deadline_s / 2)
        return Trouble(SEVERE if is_hanging else NOTABLE, "does not come back")
    if signs.step_p99_s is not None and signs.step_p99_s > _SLOW_STEP_S:
        return Trouble(SLIGHT, "steps are slow")
    return None


def _greedy(signs: Signs) -> Trouble | None:
    """More memory, or more of the processor, than what it does explains."""
    limit = signs.memory_limit_bytes
    if limit and signs.rss_bytes > _MUCH_OF_LIMIT * limit:
        return Trouble(NOTABLE, f"uses {100 * signs.rss_bytes // limit} % of its {limit // _MEBIBYTE:,} MiB")
    percent = signs.cpu_percent or 0
    if signs.idle_s > _CALM_S and percent > _BUSY_FOR_NOTHING_PERCENT:
        return Trouble(NOTABLE, "computes though nobody has asked")
    if percent > _MANY_CORES_PERCENT:
        return Trouble(SLIGHT, "uses several cores")
    return None


def _odd(signs: Signs) -> Trouble | None:
    if signs.queue >= _LONG_QUEUE:
        return Trouble(NOTABLE, f"{signs.queue} commands wait")
    if signs.restarts >= _MANY_RESTARTS:
        return Trouble(SLIGHT, f"was restarted {signs.restarts} times")
    if signs.picture_error:
        return Trouble(SLIGHT, f"cannot be drawn: {signs.picture_error:.200}")
    return None
