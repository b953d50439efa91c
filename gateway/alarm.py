"""What the machine as a whole tells of those on it: that somebody takes memory or starts processes, though not who."""

from pathlib import Path

_MEMORY = Path("/proc/meminfo")
_PROCESSES = Path("/proc/loadavg")
_MUCH_KIB = 128 * 1024
_MANY = 32


class Alarm:
    """Raised when much memory has gone, or many processes have come, since it was last or there was most room."""

    def __init__(self) -> None:
        self._most_kib, self._fewest = _available_kib(), _processes()

    def is_raised(self) -> bool:
        """Whether it is worth while to look at everybody; costs some ten microseconds."""
        available_kib, processes = _available_kib(), _processes()
        if self._most_kib - available_kib > _MUCH_KIB or processes - self._fewest > _MANY:
            self._most_kib, self._fewest = available_kib, processes
            return True
        self._most_kib = max(self._most_kib, available_kib)
        self._fewest = min(self._fewest, processes)
        return False


def _available_kib() -> int:
    """As proc(5) has it: what can be had without swapping, caches included."""
    _, _, rest = _MEMORY.read_text().partition("MemAvailable:")
    return int(rest.split(maxsplit=1)[0]) if rest else 0


def _processes() -> int:
    """Those of the whole machine, threads counted each."""
    return int(_PROCESSES.read_text().split()[3].partition("/")[2])
