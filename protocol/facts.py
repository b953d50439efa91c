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


class Confinement(Message, frozen=True):
    """What a worker gives up before it runs a line of an environment; by default nothing but its privileges.

    `landlock_abi` 0 is no Landlock (landlock(7)), otherwise the newest version that both the kernel and we know;
    `readable` and `writable` are what the operator adds to what every worker may read and write; nothing in `hidden` is
    readable but the worker's own folder. `user` is a user's number with a group's and those of further groups.
    """

    landlock_abi: int = 0
    filters_calls: bool = False
    network: bool = True
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    hidden: str = ""
    user: tuple[int, int, tuple[int, ...]] | None = None
