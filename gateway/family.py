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
_LARGE = 16
_ROUNDS = 10  # each finds what was forked during the one before, and stops nearly all that fork
_doomed: set[int] = set()  # of this process's children, as there is one process


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


def has_children(pid: int) -> bool:
    """Whether the main thread of the process has any, which is quickly seen."""
    return bool(_read(f"{pid}/task/{pid}/children"))


def is_large(pid: int) -> bool:
    """Whether it would take long to look at all that descend from the process."""
    found = [pid]
    for parent in found:
        found.extend(_children(parent))
        if len(found) > _LARGE:
            return True
    return False


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
    caught, blocked = _signals(pid, "SigCgt"), _signals(pid, "SigBlk")
    return bool(caught & ~blocked & 1 << (number - 1))


def is_busy_with(pid: int, number: int) -> bool:
    """Whether the signal is still on its way to the process, or its handler still runs, which blocks the signal."""
    return bool(_signals(pid, "ShdPnd", "SigPnd", "SigBlk") & 1 << (number - 1))


def adopt_orphans() -> None:
    """The kernel gives us the processes that lose their parents below us (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def end(pid: int) -> None:
    """SIGKILL is on its way to the process and all that descend from it.

    They are stopped first, or those that fork would have new children by the time that they are dead. Where there are
    many and all want the processor, this takes seconds: then it belongs into a thread.
    """
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        if not (running := set(members(pid)) - stopped):
            break
        for member in running:
            _send(member, signal.SIGSTOP)
        stopped |= running
    for member in stopped:
        _send(member, signal.SIGKILL)


def end_orphans() -> None:
    """What workers have left behind is killed, once, and reaped when it is dead; may take as long as `end`.

    Our own children, the fork server and its tracker, are in our session; a worker's family is in others.
    """
    ours, children = os.getsid(0), _children(os.getpid())
    _doomed.intersection_update(children)
    for pid in children:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if pid not in _doomed:
                if os.getsid(pid) == ours:
                    continue
                _doomed.add(pid)
                end(pid)
            os.waitpid(pid, os.WNOHANG)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    """A process's children belong to the thread that started them."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - Path costs more than the system call
            found.extend(map(int, _read(f"{pid}/task/{thread}/children").split()))
    return found


def _signals(pid: int, *names: str) -> int:
    """The main thread's sets of signals together, as bits, the lowest is signal 1; 0 if it has ended."""
    status, found = _read(f"{pid}/status"), 0
    for name in names:
        found |= int(status.partition(f"{name}:\t")[2][:16] or "0", 16)
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
