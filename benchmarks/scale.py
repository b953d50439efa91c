"""How many instances one machine holds, idle and stepping, and what each of them costs.

Instances of CartPole are created one after the other. At every mark: how long it took to create the last ones, how
much memory an instance needs (PSS: pages that several share count in part for each), what processor time all of them
need while nobody uses them, and how fast they step when one client after the other, and eight at a time, ask each of
them in turn.

    python -m benchmarks.scale [--marks 2 50 200 500]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.holdings import pss_bytes
from benchmarks.measurement import Client, machine
from tests.server import Server, running_server

_LAST = 10
_IDLE_S = 10.0
_STEPPING_S = 5.0
_CLIENTS = 8
_HEAD = """\
| instances | create and reset | memory each | all, idle | one client, steps/s | p99 | gateway's CPU | eight, steps/s |
|---:|---:|---:|---:|---:|---:|---:|---:|"""


class Mark(NamedTuple):
    """What was measured with so many instances; seconds and bytes."""

    instances: int
    create_s: float
    each_bytes: float
    idle_cores: float
    steps_per_s: float
    p99_s: float
    gateway_s: float
    together_per_s: float

    def row(self) -> str:
        """A line of the table."""
        return (
            f"| {self.instances} | {1000 * self.create_s:.1f} ms | {self.each_bytes / 1e6:.2f} MB"
            f" | {100 * self.idle_cores:.1f} % of a core | {self.steps_per_s:,.0f} | {1000 * self.p99_s:.1f} ms"
            f" | {1e6 * self.gateway_s:.0f} us | {self.together_per_s:,.0f} |"
        )


def main() -> None:
    """Prints a line for each mark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--marks", type=int, nargs="+", default=[2, 50, 200, 500])
    marks = sorted(parser.parse_args().marks)
    print(f"{machine()}, {psutil.virtual_memory().total / 1e9:.0f} GB.\n\n{_HEAD}")
    flags = ("--max-instances", str(marks[-1] + 1), "--log-level", "warning")
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder), *flags) as server:
        client = Client(server.url)
        _close(client, _create(client))  # the fork server is warm from here on
        empty_bytes, paths, created_s = _memory_bytes(server), list[str](), list[float]()
        for mark in marks:
            while len(paths) < mark:
                began = time.perf_counter()
                paths.append(_create(client))
                created_s.append(time.perf_counter() - began)
            last_s = statistics.median(created_s[-_LAST:])
            each_bytes = (_memory_bytes(server) - empty_bytes) / mark
            idle = _idle_cores(server)
            print(Mark(mark, last_s, each_bytes, idle, *_stepping(server, paths)).row(), flush=True)
        client.close()


def _create(client: Client) -> str:
    """The path of a new instance, reset."""
    created = client.send("POST", "/v2/envs", {"env_id": "CartPole-v1", "autoreset": "same_step"})
    path = f"/v2/envs/{created['instance_id']}"
    client.send("POST", f"{path}/reset")
    return path


def _close(client: Client, path: str) -> None:
    client.send("DELETE", path)


def _processes(server: Server) -> list[psutil.Process]:
    return [psutil.Process(server.process.pid), *server.family()]


def _memory_bytes(server: Server) -> int:
    return sum(pss_bytes(process.pid) for process in _processes(server))


def _idle_cores(server: Server) -> float:
    """How many cores the server and all its workers keep busy while nobody asks for anything."""
    time.sleep(1)
    before, began = _cpu_s(server), time.monotonic()
    time.sleep(_IDLE_S)
    return (_cpu_s(server) - before) / (time.monotonic() - began)


def _cpu_s(server: Server) -> float:
    return sum(used.user + used.system for used in (process.cpu_times() for process in _processes(server)))


def _stepping(server: Server, paths: Sequence[str]) -> tuple[float, float, float, float]:
    """Steps a second with one client, their p99, the gateway's processor time for each; steps a second with several."""
    gateway = psutil.Process(server.process.pid)
    before_s = sum(gateway.cpu_times()[:2])
    alone = _step(server.url, paths)
    gateway_s = (sum(gateway.cpu_times()[:2]) - before_s) / len(alone)
    with ThreadPoolExecutor(_CLIENTS) as pool:
        shares = [paths[number::_CLIENTS] for number in range(min(_CLIENTS, len(paths)))]
        together = list(pool.map(lambda share: len(_step(server.url, share)), shares))
    p99_s = statistics.quantiles(alone, n=100)[-1]
    return len(alone) / _STEPPING_S, p99_s, gateway_s, sum(together) / _STEPPING_S


def _step(url: str, paths: Sequence[str]) -> list[float]:
    """How long each step took, one instance after the other, for some seconds."""
    client, taken, end = Client(url), list[float](), time.perf_counter() + _STEPPING_S
    while time.perf_counter() < end:
        began = time.perf_counter()
        client.send("POST", f"{paths[len(taken) % len(paths)]}/step", {"action": len(taken) % 2})
        taken.append(time.perf_counter() - began)
    client.close()
    return taken


if __name__ == "__main__":
    main()
