"""From the end of a worker to a report that tells a person why."""

from datetime import UTC, datetime
from pathlib import Path

from gateway.workers.base import Ending
from protocol.messages import CrashReport

_TAIL_BYTES = 4096


def crash_report(
    ending: Ending, *, command: str | None, elapsed_s: float | None, steps: int, folder: Path
) -> CrashReport:
    """The report, with the last lines that the environment printed."""
    return CrashReport(
        cause=ending.cause,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        exit_code=ending.exit_code,
        signal=ending.signal,
        command=command,
        elapsed_s=None if elapsed_s is None else round(elapsed_s, 6),
        steps=steps,
        log_tail=_tail(folder / "logs" / "output.log"),
    )


def in_words(report: CrashReport) -> str:
    """The report's cause as the end of a sentence that begins with "the environment's process"."""
    match report.cause:
        case "deadline":
            return f"took longer than its deadline in {report.command} and was killed"
        case "killed":
            return "was killed on request"
        case "memory":
            return "used more memory than its limit and was killed"
        case "protocol":
            return "broke the protocol of its pipe and was killed"
        case "signal":
            return f"was ended by signal {report.signal}"
        case "exit":
            return f"exited with code {report.exit_code}"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
