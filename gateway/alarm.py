"""What the machine as a whole tells of those on it: that somebody takes memory or starts processes, though not who."""

import os

_READ_BYTES = 4096
_MUCH_KIB = 128 * 1024
_MANY = 32


class Alarm:
    """Raised when much memory has gone, or many processes have come, since it was last or there was most room."""

    def __init__(self) -> None:
        self._memory, self._load = (
            os.open(f"/proc/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in ("meminfo", "loadavg")
        )
        self._most_kib, self._fewest = self._available_kib(), self._processes()

    def is_raised(self) -> bool:
        """Whether it is worth while to look at everybody; costs some ten microseconds."""
        available_kib, processes = self._available_kib(), self._processes()
        if self._most_kib - available_kib > _MUCH_KIB or processes - self._fewest > _MANY:
            self._most_kib, self._fewest = available_kib, processes
            return True
        self._most_kib = max(self._most_kib, available_kib)
        self._fewest = min(self._fewest, processes)
        return False

    def close(self) -> None:
        """The files that it reads are closed."""
        for fd in (self._memory, self._load):
            os.close(fd)

    def _available_kib(self) -> int:
        """As proc(5) has it: what can be had without swapping, caches included."""
        _, _, rest = os.pread(self._memory, _READ_BYTES, 0).partition(b"MemAvailable:")
        return int(rest.split(maxsplit=1)[0]) if rest else 0

    def _processes(self) -> int:
        """Those of the whole machine, threads counted each."""
        return int(os.pread(self._load, _READ_BYTES, 0).split()[3].partition(b"/")[2])
