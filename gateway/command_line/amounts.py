"""Sizes, times and rates as people read them in a column: short, and without a space."""

_UNKNOWN = "-"
_KIBI = 1024
_PRECISE = 100  # from here on a decimal place says nothing any more


def number(value: float | None) -> str:
    """`9.5`, `120`."""
    if value is None:
        return _UNKNOWN
    return f"{value:.0f}" if value >= _PRECISE or value == int(value) else f"{value:.1f}"


def size(in_bytes: float | None) -> str:
    """`63.1M` for 63.1 MiB."""
    if in_bytes is None:
        return _UNKNOWN
    for unit in ("", "K", "M", "G"):
        if in_bytes < _KIBI:
            return number(in_bytes) + unit
        in_bytes /= _KIBI
    return f"{number(in_bytes)}T"


def seconds(value: float | None) -> str:
    """`0.5s`."""
    return _UNKNOWN if value is None else f"{number(value)}s"


def latency(in_s: float | None) -> str:
    """`250us`, `1.2ms`, `3.5s`."""
    if in_s is None:
        return _UNKNOWN
    for unit, factor in (("us", 1e6), ("ms", 1e3)):
        if in_s * factor < 1000:  # noqa: PLR2004 - the next unit begins there
            return number(in_s * factor) + unit
    return seconds(in_s)


def duration(in_s: float | None) -> str:
    """`42s`, `2m05s`, `3h12m`, `4d03h`."""
    if in_s is None:
        return _UNKNOWN
    minutes, rest_s = divmod(int(in_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest_s:02}s" if minutes else f"{rest_s}s"
