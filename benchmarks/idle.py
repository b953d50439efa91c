"""What instances cost that nobody uses: memory, processor time, and whether the last of many costs what the second did.

Instances of CartPole are created and reset one after the other, in each round on a server of its own. Memory is PSS, in
which pages that several processes share count in part for each, of the server and all its workers.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.claims import Claim, claims_table
from benchmarks.holdings import pss_bytes
from benchmarks.measurement import Client, machine
from tests.server import Server, running_server

_MANY, _FEW = 200, 10
_SETTLE_S, _IDLE_S = 2.0, 10.0


class Round(NamedTuple):
    """What one server with all its instances came to; the few are those after the first, the last those at the end."""

    few_bytes: float
    last_bytes: float
    each_bytes: float
    few_s: float
    last_s: float
    idle_cores: float


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{_MANY} instances of CartPole-v1, {rounds} rounds. {machine()}.\n")
    results = [_round() for _ in range(rounds)]
    of_memory = [one.last_bytes / one.few_bytes for one in results]
    of_time = [one.last_s / one.few_s for one in results]
    spans = f"instances {_MANY - _FEW + 1} to {_MANY} / 2 to {_FEW + 1}"
    claims = [
        Claim("memory of each further worker", [one.each_bytes / 1e6 for one in results], 6, True, "MB"),
        Claim(f"memory, {spans}", of_memory, 1.2, True),
        Claim(f"create and reset, {spans}", of_time, 1.2, True),
        Claim(f"create and reset, instances 2 to {_FEW + 1}", [1000 * one.few_s for one in results], unit="ms"),
        Claim(f"{_MANY} idle instances, of one core", [100 * one.idle_cores for one in results], 1, True, "%"),
    ]
    print(claims_table(claims))


def _round() -> Round:
    flags = ("--max-instances", str(_MANY), "--log-level", "warning")
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder), *flags) as server:
        client = Client(server.url)
        _created_s(client, 1)
        first_bytes = _memory_bytes(server)
        few_s = _created_s(client, _FEW)
        few_bytes = _memory_bytes(server) - first_bytes
        _created_s(client, _MANY - 1 - 2 * _FEW)
        before_bytes = _memory_bytes(server)
        last_s = _created_s(client, _FEW)
        all_bytes = _memory_bytes(server)
        client.close()
        each_bytes = (all_bytes - first_bytes) / (_MANY - 1)
        return Round(few_bytes, all_bytes - before_bytes, each_bytes, few_s, last_s, _idle_cores(server))


def _created_s(client: Client, count: int) -> float:
    """So many instances more; the median of what each took."""
    taken_s = []
    for _ in range(count):
        began = time.perf_counter()
        created = client.send("POST", "/v2/envs", {"env_id": "CartPole-v1"})
        client.send("POST", f"/v2/envs/{created['instance_id']}/reset")
        taken_s.append(time.perf_counter() - began)
    return statistics.median(taken_s)


def _processes(server: Server) -> list[psutil.Process]:
    return [psutil.Process(server.process.pid), *server.family()]


def _memory_bytes(server: Server) -> int:
    return sum(pss_bytes(process.pid) for process in _processes(server))


def _idle_cores(server: Server) -> float:
    """How many cores the server and all its workers keep busy while nobody asks for anything."""
    time.sleep(_SETTLE_S)
    before, began = _cpu_s(server), time.monotonic()
    time.sleep(_IDLE_S)
    return (_cpu_s(server) - before) / (time.monotonic() - began)


def _cpu_s(server: Server) -> float:
    return sum(used.user + used.system for used in (process.cpu_times() for process in _processes(server)))


if __name__ == "__main__":
    main()
