"""One environment that misbehaves, from its creation to its end, and everything that can be seen of it meanwhile."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from tests.isolation.faults import Fault
from tests.server import Server

WAIT_S = 20
MAX_LOG_BYTES = 9 * 1024 * 1024
T = TypeVar("T")


@dataclass(frozen=True)
class Traces:
    """What it has left behind: the culprit's caller, an operator and the operating system see nothing else of it."""

    told: httpx.Response
    """The answer to the command that provoked it."""
    afterwards: httpx.Response | None
    """The answer to a step that should do no harm."""
    document: dict[str, Any]
    logs: str
    stack: httpx.Response | None
    closed: httpx.Response | None
    log_bytes: int
    processes: list[psutil.Process]
    descriptors: int
    """How many more the gateway has than before."""


def commit(server: Server, fault: Fault) -> Traces:
    """The fault has happened, the instance is closed, and what should have been gone by then has had its time."""
    server.http.get("/healthz")  # the connection is one of the descriptors
    family, descriptors = set(server.family()), open_descriptors(server)
    created = server.http.post(
        "/v2/envs", json={"env_id": fault.env_id, "render_mode": "rgb_array", "limits": fault.limits}
    )
    if created.status_code != httpx.codes.CREATED:
        facts: dict[str, Any] = {"told": created, "document": {}, "logs": "", "log_bytes": 0}
        facts |= dict.fromkeys(("afterwards", "stack", "closed"))
    else:
        facts = _lived(server, fault, created.json()["instance_id"])
    return Traces(
        **facts,
        processes=settled(lambda: list(set(server.family()) - family), lambda left: not left),
        descriptors=settled(lambda: open_descriptors(server) - descriptors, lambda more: more <= 0),
    )


def _lived(server: Server, fault: Fault, instance_id: str) -> dict[str, Any]:
    path = f"/v2/envs/{instance_id}"
    reset = server.http.post(f"{path}/reset")
    closes = fault.command == "close"
    told = reset if fault.command == "reset" else None if closes else _provoke(server, fault, path)
    seen = {
        "afterwards": server.http.post(f"{path}/step", json={"action": 0}),
        "document": server.document(instance_id),
        "logs": server.http.get(f"{path}/logs").text,
        "stack": server.http.get(f"{path}/stack"),
        "log_bytes": settled(lambda: log_bytes(server, instance_id), lambda size: size <= MAX_LOG_BYTES),
    }
    closed = server.http.delete(path)
    left = settled(lambda: writers(server.data_dir / instance_id), lambda pids: not pids)
    assert not left, f"processes {left} still have its log"
    return {"told": closed if closes else told, "closed": closed, **seen}


def _provoke(server: Server, fault: Fault, path: str) -> httpx.Response:
    if fault.command == "render":
        return server.http.get(f"{path}/render")
    return server.http.post(f"{path}/step", json={"action": 1})


def settled(look: Callable[[], T], is_settled: Callable[[T], bool]) -> T:
    """What there is to be seen as soon as it is as it should be, or after a while in any case."""
    deadline = time.monotonic() + WAIT_S
    while not is_settled(seen := look()) and time.monotonic() < deadline:
        pass
    return seen


def open_descriptors(server: Server) -> int:
    """How many descriptors the gateway has."""
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))  # noqa: PTH208 - names are enough


def log_bytes(server: Server, instance_id: str) -> int:
    """The size of all that is in the instance's folder of logs."""
    return sum(path.stat().st_size for path in (server.data_dir / instance_id / "logs").iterdir())


def writers(folder: Path) -> list[int]:
    """Processes anywhere on this machine whose output goes to a file below the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for number in (1, 2):
            try:
                target = (process / "fd" / str(number)).readlink()
            except OSError:
                continue
            if target.is_relative_to(folder):
                found.append(int(process.name))
                break
    return found
