"""Every way of misbehaving that we know of, how it is provoked, and what its caller has to be told."""

import signal
from dataclasses import dataclass, field
from typing import Any, Literal

Command = Literal["make", "reset", "step", "render", "close"]
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Fault:
    """An environment of `tests.envs`, the command that makes it misbehave, and the right answer.

    `says`, `traceback` and `log` are parts of the problem's detail, of the crash report's traceback and of the log.
    """

    name: str
    status: int
    command: Command = "step"
    code: str = ""
    cause: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    says: str = ""
    traceback: str = ""
    log: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def env_id(self) -> str:
        """Under which it is registered."""
        return f"test/{self.name}-v0"

    @property
    def crashes(self) -> bool:
        """Whether its worker is gone afterwards."""
        return self.cause is not None


def ends(name: str, exit_code: int, **more: Any) -> Fault:
    """Its process exits in a step."""
    return Fault(name, 502, code="worker_crashed", cause="exit", exit_code=exit_code, **more)


def dies(name: str, number: int, **more: Any) -> Fault:
    """A signal that it has brought upon itself ends it in a step."""
    return Fault(name, 502, code="worker_crashed", cause="signal", signal=number, **more)


def hangs(name: str, command: Command = "step", **more: Any) -> Fault:
    """A command of it does not end before its deadline."""
    limits = {"start_s" if command == "make" else f"{command}_s": 1.0}
    return Fault(name, 504, command, code="deadline_exceeded", cause="deadline", signal=9, limits=limits, **more)


def breaks_limit(name: str, cause: str, says: str, **limits: float) -> Fault:
    """It is killed because it takes more than it may."""
    return Fault(name, 502, code="worker_crashed", cause=cause, signal=9, says=says, limits=limits)


def raises(name: str, says: str, command: Command = "step", **limits: float) -> Fault:
    """An ordinary exception, or what we make one: it lives on."""
    return Fault(name, 500, command, code="environment_error", says=says, limits=limits)


def answers(name: str, log: str = "", **body: Any) -> Fault:
    """Nothing that a step's caller would have to be told of."""
    return Fault(name, 200, log=log, body=body)


FAULTS = (
    ends("Exits", 3),
    ends("SysExits", 4, traceback="sys.exit(4)"),
    dies("KillsItself", signal.SIGKILL),
    dies("Segfaults", signal.SIGSEGV, traceback="in misbehave"),
    dies("Aborts", signal.SIGABRT, traceback="in misbehave"),
    raises("RaisesInMake", "ValueError: this environment cannot be made", "make"),
    raises("RaisesInReset", "ValueError: this environment cannot be reset", "reset"),
    raises("Raises", "ValueError: a step of this environment always fails"),
    raises("RaisesInRender", "ValueError: this environment cannot be drawn", "render"),
    Fault("RaisesInClose", 204, "close"),
    hangs("HangsInMake", "make", traceback="in __init__"),
    hangs("HangsInReset", "reset", traceback="in reset"),
    hangs("HangsInRender", "render", traceback="in render"),
    hangs("HangsInPython", traceback="in misbehave"),
    hangs("SpinsInC", traceback="in misbehave"),
    hangs("HangsInC"),
    hangs("StopsItself"),
    breaks_limit("Leaks", "memory", "bytes of memory", memory_bytes=300 * _MEBIBYTE),
    raises("Leaks", "MemoryError", address_space_bytes=1024 * _MEBIBYTE),
    raises("WritesAHugeFile", "File too large", file_bytes=10 * _MEBIBYTE),
    answers("Floods", log="x" * 1023 + "\n"),
    answers("PrintsOneLine", log="y" * 1000),
    ends("Spawns", 5),
    answers("SpawnsAndStays"),
    breaks_limit("Forks", "killed", "more than the 20 allowed", processes=20),
    breaks_limit("ForksAway", "killed", "more than the 20 allowed", processes=20),
    raises("OpensDescriptors", "Too many open files", open_files=256),
    ends("ClosesDescriptors", 1),
    Fault("WritesToDescriptors", 502, code="worker_crashed", cause="protocol", signal=9, log="garbage"),
    raises("ReturnsAGigabyte", "above the limit"),
    breaks_limit("ReturnsAGigabyte", "memory", "bytes of memory", memory_bytes=300 * _MEBIBYTE),
    answers("ReturnsTheWrongShape", observation=[[0, 0, 0]] * 3),
    answers("ReturnsNaN", observation=["NaN", "-Infinity"], reward="NaN", info={"x": "Infinity"}),
    answers("ReturnsAnObject"),
    Fault("HangsInClose", 204, "close", limits={"close_s": 1.0}),
    answers("ChangesItsSurroundings"),
    answers("StartsThreads"),
)
