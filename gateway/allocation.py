"""How the C library of this process gets its memory from the system, and when it gives it back."""

import contextlib
import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of the GNU C library, mallopt(3)
_KEPT_BYTES = 4 * 1024 * 1024


def keep_freed_memory() -> None:
    """Up to four mebibytes stay with the process when they are freed; where the C library cannot, nothing changes.

    asyncio sets 256 KiB aside for whatever it reads from a socket, and keeps the few bytes that came. By its defaults
    the GNU C library asks the system for those pages and gives them back each time, which costs a step more than all
    of our code.
    """
    with contextlib.suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for threshold in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
            mallopt(threshold, _KEPT_BYTES)
