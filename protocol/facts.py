"""What both sides, and clients, say of an instance: what it may use, and how it ended. Crosses no pipe."""

from typing import Literal

from protocol.messages import Message

Cause = Literal["exit", "signal", "deadline", "memory", "killed", "protocol"]


class Limits(Message, frozen=True):
    """What one instance may use; None is without limit.

    `start_s` to `close_s` are how long the gateway waits for a command before it kills the worker; `idle_s` how long
    nobody may use the instance before it is closed. `memory_bytes` and `processes` count the worker and all that it
    started. `address_space_bytes` is for those who ask: graphics and physics reserve far more than they use.
    `cpu_weight`, 1 to 10000, is its share of the processor among instances that all want it, before `nice` is counted;
    `cpu_cores` is how many cores it may keep busy.
    """

    start_s: float = 60.0
    reset_s: float = 60.0
    step_s: float = 60.0
    render_s: float = 30.0
    close_s: float = 10.0
    idle_s: float | None = None
    memory_bytes: int | None = None
    address_space_bytes: int | None = None
    processes: int | None = 256
    open_files: int | None = 4096
    file_bytes: int | None = 16 * 1024**3
    nice: int = 0
    cpu_weight: int = 100
    cpu_cores: float | None = None


class CrashReport(Message, frozen=True):
    """How a worker ended; `elapsed_s` is the time the command in flight had run.

    `traceback` is the Python stack it left behind, `reason` the limit that it broke where `cause` does not say it.
    """

    cause: Cause
    at: str
    exit_code: int | None = None
    signal: int | None = None
    command: str | None = None
    elapsed_s: float | None = None
    steps: int = 0
    log_tail: str = ""
    traceback: str = ""
    reason: str = ""
