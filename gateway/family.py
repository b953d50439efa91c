"""What the system knows of a worker and of all that it started, read from /proc (proc(5)); and its orphans.

A worker leads a session of its own and adopts the orphans of its descendants, so that its family is a tree below it,
whatever its members do. When it is gone the rest become children of the gateway, which ends them on sight.
"""

import contextlib
import ctypes
import os
import signal
from typing import NamedTuple

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PR_SET_CHILD_SUBREAPER = 36
_READ_BYTES = 4096


class Usage(NamedTuple):
    """What a family uses: resident memory (pages shared within the family count for each), processor time, members."""

    rss_bytes: int
    cpu_s: float
    processes: int


def members(pid: int) -> list[int]:
    """The process and all its living descendants, parents first."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
    return found


def usage(pids: list[int]) -> Usage:
    """What these processes use together; those that have ended count nothing."""
    return Usage(sum(map(rss_bytes, pids)), sum(map(_cpu_s, pids)), len(pids))


def rss_bytes(pid: int) -> int:
    """The resident memory of one process; 0 if it has ended."""
    fields = _read(f"{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def pss_bytes(pids: list[int]) -> int:
    """The memory of these processes, what several share counted once; slow, some milliseconds for each GB."""
    total = 0
    for pid in pids:
        for line in _read(f"{pid}/smaps_rollup").splitlines():
            if line.startswith(("Pss:", "SwapPss:")):
                total += int(line.split()[1]) * 1024
    return total


def catches(pid: int, number: int) -> bool:
    """Whether the process has a handler for the signal and does not block it; without one the signal would end it."""
    masks = dict(line.split(":\t", 1) for line in _read(f"{pid}/status").splitlines() if line.startswith("Sig"))
    bit = 1 << (number - 1)
    return bool(int(masks.get("SigCgt", "0"), 16) & bit) and not int(masks.get("SigBlk", "0"), 16) & bit


def adopt_orphans() -> None:
    """The kernel gives us the processes that lose their parents below us (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def end_orphans() -> int:
    """Kills and reaps what workers have left behind; how many were reaped.

    Our own children, the fork server and its tracker, are in our session; a worker's family is in others.
    """
    ours, reaped = os.getsid(0), 0
    for pid in _children(os.getpid()):
        try:
            if os.getsid(pid) == ours:
                continue
            os.kill(pid, signal.SIGKILL)
            reaped += os.waitpid(pid, os.WNOHANG)[0] == pid
        except (ProcessLookupError, ChildProcessError):
            continue
    return reaped


def _children(pid: int) -> list[int]:
    """A process's children belong to the thread that started them."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - Path costs more than the system call
            found.extend(map(int, _read(f"{pid}/task/{thread}/children").split()))
    return found


def _cpu_s(pid: int) -> float:
    # The name in parentheses may contain blanks; utime and stime are fields 14 and 15 of the whole line.
    fields = _read(f"{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if fields else 0.0


def _read(name: str) -> str:
    """The file below /proc; empty if its process has ended."""
    try:
        fd = os.open(f"/proc/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        chunks = []
        while chunk := os.read(fd, _READ_BYTES):  # the kernel gives a page at a time
            chunks.append(chunk)
        return b"".join(chunks).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
