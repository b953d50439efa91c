"""Ports, times, sizes and addresses as an operator writes them on a command line."""

from argparse import ArgumentTypeError
from urllib.parse import urlsplit

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_MAX_S = 1e9  # asyncio's timers hold no more
_MAX_NICE = 19
_MAX_WEIGHT = 10_000
_LEAST_CORES, _MAX_CORES = 0.01, 1e6  # the kernel counts in hundredths of its period
_PORTS = 65536


def port(text: str) -> int:
    """0 to 65535; 0 stands for any free one."""
    number = _whole(text)
    if not 0 <= number < _PORTS:
        raise ArgumentTypeError(f"{text!r} is not a port, 0 to {_PORTS - 1}")
    return number


def count(text: str) -> int:
    """A whole number above 0."""
    number = _whole(text)
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not above 0")
    return number


def count_or_any(text: str) -> int | None:
    """A whole number; 0 stands for no limit."""
    return None if text == "0" else count(text)


def seconds(text: str) -> float:
    """A time above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < _MAX_S:
        raise ArgumentTypeError(f"{text!r} is not a time in seconds, above 0")
    return value


def seconds_or_never(text: str) -> float | None:
    """A time; 0 stands for no limit."""
    return None if text == "0" else seconds(text)


def size(text: str) -> int:
    """Bytes, as 1048576, 1024K, 1M or 1MiB."""
    stripped = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = stripped[-1:] if stripped[-1:].isalpha() else ""
    if unit not in _UNITS or not stripped.removesuffix(unit).isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a size such as 512M or 2G")
    return int(stripped.removesuffix(unit)) * _UNITS[unit]


def size_or_any(text: str) -> int | None:
    """Bytes; 0 stands for no limit."""
    return size(text) or None


def niceness(text: str) -> int:
    """0 to 19, as nice(1) has it."""
    number = _whole(text)
    if not 0 <= number <= _MAX_NICE:
        raise ArgumentTypeError(f"{text!r} is not a niceness, 0 to {_MAX_NICE}")
    return number


def weight(text: str) -> int:
    """1 to 10000, as the kernel's cpu.weight has it."""
    number = _whole(text)
    if not 1 <= number <= _MAX_WEIGHT:
        raise ArgumentTypeError(f"{text!r} is not a weight, 1 to {_MAX_WEIGHT}")
    return number


def cores_or_any(text: str) -> float | None:
    """A number of cores, as 0.5; 0 stands for no limit."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (value == 0 or _LEAST_CORES <= value < _MAX_CORES):
        raise ArgumentTypeError(f"{text!r} is not a number of cores, from {_LEAST_CORES}")
    return value or None


def http_url(text: str) -> str | None:
    """An address that begins with http:// or https:// and names a host; nothing stands for none."""
    if not text:
        return None
    try:
        url = urlsplit(text)
        is_complete = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        is_complete = False
    if not is_complete:
        raise ArgumentTypeError(f"{text!r} is not an address such as https://example.org/uploads")
    return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a whole number") from None
