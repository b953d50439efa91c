"""What a new worker does to itself before it runs a line of an environment: family, streams, title.

From here on the environment's code is not trusted with anything of ours (DESIGN.md, rules 5 and 6).
"""

import contextlib
import ctypes
import io
import os
import platform
import resource
import signal
import socket
import struct
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import setproctitle

from protocol.facts import Limits
from worker.files import DISK_TROUBLE

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PIPE_FD = 3
_IOLBF = 1
_FIRST_TO_GO = "800"  # of 1000, see proc(5), oom_score_adj
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # the number of the system call; the C library has no function for it
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")  # size, policy, flags, nice, priority, runtime, deadline, period
_TURN_NS = 20_000_000  # the system's are some three milliseconds, and 100 the most
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """The kernel kills this process as soon as its parent is gone, whatever it is doing (prctl(2))."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def lead_own_group() -> None:
    """This process leads a session and process group of its own, and adopts the orphans of its descendants.

    A kill of the group reaches its children; those that left the group are still its descendants.
    """
    os.setsid()
    adopt_orphans()


def adopt_orphans() -> None:
    """The kernel gives this process those of its descendants that lose their parents (prctl(2))."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def keep_only(pipe: Connection, log: Path) -> socket.socket:
    """Standard input is empty, output and errors go to the log, and the pipe is the only other descriptor.

    Whatever else came over the fork (the fork server's own pipes above all: a byte written to one ends it,
    and every worker with it) is closed. Returns the pipe under its new number.
    """
    raw_pipe = os.dup(pipe.fileno())
    pipe.close()
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    high = [_above_the_kept(fd) for fd in (raw_pipe, null, output)]
    os.dup2(high[1], 0)
    os.dup2(high[2], 1)
    os.dup2(high[2], 2)
    os.dup2(high[0], _PIPE_FD, inheritable=False)
    os.closerange(_PIPE_FD + 1, os.sysconf("SC_OPEN_MAX"))
    _write_line_by_line()
    return socket.socket(fileno=_PIPE_FD)


def bind(limits: Limits) -> None:
    """The process is held to the limits that the system itself can enforce, and is the first to go without memory."""
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_AS, limits.address_space_bytes),
    ):
        _, hard = resource.getrlimit(what)
        if value is not None:
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(what, (most, most))
    os.nice(limits.nice)
    with contextlib.suppress(OSError):  # where sessions share out the processor (sched(7)), niceness counts within one
        Path("/proc/self/autogroup").write_text(str(limits.nice))
    with contextlib.suppress(OSError):  # in some containers it cannot be written
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def take_long_turns() -> None:
    """Whoever wakes while this process computes need not wait for the end of its turn (Linux 6.12 and newer).

    The scheduler lets those that ask for short turns (sched_setattr(2), `sched_runtime`) go before those that ask for
    long ones; the gateway and the clients have the system's, which is shorter. All that it starts asks for the same.
    """
    number, policy = _SCHED_SETATTR.get(platform.machine()), os.sched_getscheduler(0)
    if number and policy in {os.SCHED_OTHER, os.SCHED_BATCH}:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        _libc.syscall(number, 0, _SCHED_ATTR.pack(_SCHED_ATTR.size, policy, 0, nice, 0, _TURN_NS, 0, 0), 0)


def be_called(title: str) -> None:
    """The process is listed under this title by ps and top."""
    setproctitle.setproctitle(title)


class _Log(io.FileIO):
    """A descriptor that loses what a full disk has no room for: what an environment prints must not fail its step."""

    def write(self, content: Any, /) -> int:
        """How much is dealt with."""
        try:
            return super().write(content)
        except OSError as error:
            if error.errno not in DISK_TROUBLE:
                raise
            return memoryview(content).nbytes


def _write_line_by_line() -> None:
    """To Python and C the log is a file, whose last lines would wait for more to come, and be lost in a crash."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # it stays sys.__stdout__
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            io.BufferedWriter(_Log(fd, "wb", closefd=False)), "utf-8", errors="backslashreplace", line_buffering=True
        )
        for fd in (1, 2)
    )
    _libc.setvbuf(ctypes.c_void_p.in_dll(_libc, "stdout"), None, _IOLBF, 0)


def _above_the_kept(fd: int) -> int:
    while fd <= _PIPE_FD:
        fd = os.dup(fd)
    return fd


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
