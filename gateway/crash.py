"""From the end of a worker to a report that tells a person why."""

import time
from collections import deque
from datetime import UTC, datetime

from gateway.worker_log import WorkerLog
from gateway.workers.base import Ending
from protocol.errors import DeadlineExceeded, GymServerError, InstanceGone, WorkerCrashed
from protocol.facts import Cause, CrashReport

_TAIL_BYTES = 4096
TRACEBACK_BYTES = 16 * 1024
_MAX_CRASHES, _WINDOW_S = 5, 10.0


class CrashCount:
    """How often an instance has crashed lately."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=_MAX_CRASHES)

    def count(self) -> None:
        """One more, now."""
        self._at.append(time.monotonic())

    def are_too_many(self) -> bool:
        """Whether there were five within ten seconds: starting it again would not help."""
        return len(self._at) == _MAX_CRASHES and time.monotonic() - self._at[0] < _WINDOW_S


def crash_report(
    ending: Ending, command: tuple[str, float] | None, steps: int, output: WorkerLog, faults: bytes
) -> CrashReport:
    """The report, with the last lines that the environment printed and the stack that it left behind.

    `command` is the one that ran, and since when by the monotonic clock.
    """
    return CrashReport(
        cause=ending.cause,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        exit_code=ending.exit_code,
        signal=ending.signal,
        command=command and command[0],
        elapsed_s=command and round(time.monotonic() - command[1], 6),
        steps=steps,
        log_tail=output.tail(_TAIL_BYTES).decode("utf-8", "replace"),
        traceback=faults.decode("utf-8", "replace"),
        reason=ending.reason,
    )


def lost_error(instance_id: str, ending: Ending, crash: CrashReport | None, *, restarts: bool) -> GymServerError:
    """The error for the caller whose command ran when the worker ended."""
    if crash is None:
        return gone_error(instance_id, crash, restarts=restarts)
    kind = DeadlineExceeded if ending.cause == "deadline" else WorkerCrashed
    return kind(f"the environment's process {in_words(crash)}{_advice(restarts=restarts)}", crash=crash)


def gone_error(instance_id: str, crash: CrashReport | None, *, restarts: bool) -> InstanceGone:
    """The error for a command that finds no worker."""
    if crash is None:
        return InstanceGone(f"instance {instance_id} was closed; create another one")
    detail = f"instance {instance_id} is gone: its process {in_words(crash)}{_advice(restarts=restarts)}"
    return InstanceGone(detail, crash=crash)


def _advice(*, restarts: bool) -> str:
    return "; reset starts it afresh" if restarts else "; create another instance"


_KILLED: dict[Cause, str] = {
    "deadline": "took longer than its deadline and was killed",
    "killed": "was killed on request",
    "memory": "used more memory than its limit and was killed",
    "protocol": "broke the protocol of its pipe and was killed",
}


def in_words(report: CrashReport) -> str:
    """The report's cause as the end of a sentence that begins with "the environment's process"."""
    if report.reason:
        return f"was killed: {report.reason}"
    match report.cause:
        case "signal":
            return f"was ended by signal {report.signal}"
        case "exit":
            return f"exited with code {report.exit_code}"
        case cause:
            return _KILLED[cause]
