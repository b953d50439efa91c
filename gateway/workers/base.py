"""What the gateway asks of a worker, wherever it runs: start, one call at a time, kill, and to be told of its end."""

from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Protocol

from protocol.facts import Cause

Payload = bytes | bytearray
Done = Callable[[Payload | None], None]


class WorkerLost(Exception):
    """The worker ended, or had to be ended, while it owed a reply."""

    def __init__(self, ending: "Ending") -> None:
        super().__init__(ending.cause)
        self.ending = ending


class Ending:
    """How a worker ended: the cause, and the code or signal that the system reports."""

    def __init__(self, cause: Cause, exit_code: int | None = None, signal: int | None = None, reason: str = "") -> None:
        self.cause = cause
        self.exit_code = exit_code
        self.signal = signal
        self.reason = reason


class Hold:
    """By which means the system holds a worker, and what it has given up (gateway/confinement.py)."""

    def __init__(self, confinement: Mapping[str, str | None] | None = None) -> None:
        self.confinement: Mapping[str, str | None] = confinement or {}
        self.grouped: frozenset[str] = frozenset()
        """The names of the limits that the kernel enforces on its control group; none before it is in one."""


class Worker(Protocol):
    """One environment elsewhere. Idle, or one call in flight, or dead: nothing else (DESIGN.md, rule 2)."""

    @property
    def pid(self) -> int | None:
        """The process, once it has started."""
        ...

    @property
    def hold(self) -> Hold:
        """By which means the system holds it."""
        ...

    @property
    def ended(self) -> "Future[Ending]":
        """Done as soon as the worker is gone, with how."""
        ...

    async def start(self, deadline_s: float) -> None:
        """The worker waits for its first command.

        Raises:
            WorkerLost: it did not within `deadline_s` seconds.
        """
        ...

    def send(self, payload: bytes, deadline_s: float, done: Done) -> None:
        """A command is on its way; `done` is called once, with the reply or, when it has ended instead, with None."""
        ...

    async def call(self, payload: bytes, deadline_s: float) -> Payload:
        """The reply to one command.

        Raises:
            WorkerLost: it ended, or was killed because `deadline_s` seconds had passed.
        """
        ...

    def kill(self, cause: Cause, reason: str = "") -> None:
        """The worker and all that it started are ended, at once and whatever they do; `ended` says `cause`."""
        ...

    def request_stack(self) -> bool:
        """Whether it will write the Python stack of its threads to its fault log now."""
        ...

    def owes_stack(self) -> bool:
        """Whether it has not finished, or not begun, to write what was requested."""
        ...
