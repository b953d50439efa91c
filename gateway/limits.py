"""What a client may ask for an instance: as much as the server allows, or less."""

from collections.abc import Iterable, Mapping

import msgspec

from protocol.errors import InvalidField
from protocol.facts import Limits
from protocol.messages import FieldError

MEANS: dict[str, str | None] = {
    "start_s": "deadline",
    "reset_s": "deadline",
    "step_s": "deadline",
    "render_s": "deadline",
    "close_s": "deadline",
    "idle_s": "watched",
    "memory_bytes": "watched",
    "processes": "watched",
    "address_space_bytes": "rlimit",
    "open_files": "rlimit",
    "file_bytes": "rlimit",
    "nice": "nice",
    "cpu_weight": None,
    "cpu_cores": None,
}
"""By which means each limit is enforced where there is no control group for it.

`watched` is measured from outside, several times a second; None is not in force.
"""

_FRACTIONS = frozenset({"cpu_cores"})
_MOST_S = 1e9  # asyncio's timers hold no more
_MOST = 2**63 - 1  # setrlimit(2) takes no more


def means(grouped: Iterable[str]) -> dict[str, str | None]:
    """By which means each limit is enforced for an instance whose control group holds it to the limits `grouped`."""
    return MEANS | dict.fromkeys(grouped, "cgroup")


def tightened(allowed: Limits, asked: Mapping[str, float]) -> Limits:
    """The server's limits with those that the client asked for.

    Raises:
        InvalidField: one is unknown, not above zero, or wider than the server's.
    """
    errors = []
    for name, value in asked.items():
        if name not in MEANS:
            errors.append(FieldError(f"$.limits.{name}", f"is unknown; there are {', '.join(MEANS)}"))
            continue
        most = getattr(allowed, name)
        if most is None:
            most = _MOST_S if name.endswith("_s") else _MOST
        if name == "nice":
            if not (isinstance(value, int) and most <= value <= 19):  # noqa: PLR2004 - the kernel's last niceness
                errors.append(FieldError("$.limits.nice", f"{value} is not one of {most} to 19"))
        elif not 0 < value <= most:
            errors.append(FieldError(f"$.limits.{name}", f"{value} is not above 0 and at most the server's {most}"))
        elif not (name.endswith("_s") or name in _FRACTIONS or isinstance(value, int)):
            errors.append(FieldError(f"$.limits.{name}", f"{value} is not an integer"))
    if errors:
        raise InvalidField("; ".join(f"{e.path} {e.message}" for e in errors), errors=tuple(errors))
    return msgspec.structs.replace(allowed, **asked)
