"""What a neighbour feels of every fault: its steps' p50 and p99 beside each, as ratios to what they are without it.

The neighbour steps a CartPole over one connection as fast as it can. Another process commits the fault, once a second
where it does not last longer, on the same server. Each round measures alone and beside in turn, since a shared
machine is never twice the same; the ratio is the median of the rounds. The first line is what the machine itself does
to the neighbour when somebody who has nothing to do with the server keeps one of its cores busy.

    python -m benchmarks.isolation [--rounds 5] [--seconds 2] [fault …]
"""

import argparse
import contextlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from benchmarks.measurement import Client, machine
from tests.isolation.faults import FAULTS, Fault
from tests.server import running_server

_PAUSE_S = 1.0


class Felt(NamedTuple):
    """The neighbour's latencies in one window, seconds."""

    p50_s: float
    p99_s: float


class Round(NamedTuple):
    """One window alone, and one beside the fault."""

    alone: Felt
    beside: Felt


def main() -> None:
    """Prints a line for each fault."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.isolation", description=__doc__)
    parser.add_argument("faults", nargs="*", help="names of classes in tests/envs.py; all of them if none is given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a window is, at least")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if not arguments.faults or fault.name in arguments.faults]
    print(f"A neighbour's steps alone and beside each fault, {arguments.rounds} rounds. {machine()}.\n")
    print("| fault | p50 alone | beside | ratio | p99 alone | beside | ratio | its range |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder), "--import", "tests.envs") as server:
        bench = Bench(server.url, arguments.seconds)
        print(_row(None, [bench.round(None) for _ in range(arguments.rounds)]), flush=True)
        for fault in faults:
            print(_row(fault, [bench.round(fault) for _ in range(arguments.rounds)]), flush=True)
        bench.close()


class Bench:
    """The neighbour here, and the culprits' driver in a process of its own, so that neither is in the other's way."""

    def __init__(self, url: str, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._seconds = seconds
        self._neighbour = Client(url)
        created = self._neighbour.send("POST", "/v2/envs", {"env_id": "CartPole-v1", "autoreset": "same_step"})
        self._path = f"/v2/envs/{created['instance_id']}"
        self._neighbour.send("POST", f"{self._path}/reset")
        self._driver, theirs = context.Pipe()
        self._process = context.Process(target=_drive, args=(url, theirs))
        self._process.start()
        theirs.close()

    def round(self, fault: Fault | None) -> Round:
        """A window without, a window with the fault, or with a loop that has nothing to do with the server."""
        began = time.monotonic()
        alone = self._measure(lambda: time.monotonic() - began > self._seconds)
        self._driver.send((fault, self._seconds))
        beside = self._measure(self._driver.poll)
        self._driver.recv()
        return Round(alone, beside)

    def close(self) -> None:
        """The driver has ended."""
        self._driver.close()
        self._process.join()
        self._neighbour.close()

    def _measure(self, is_over: Callable[[], bool]) -> Felt:
        latencies = []
        while not is_over():
            began = time.perf_counter()
            self._neighbour.send("POST", f"{self._path}/step", {"action": 0})
            latencies.append(time.perf_counter() - began)
        return Felt(statistics.median(latencies), statistics.quantiles(latencies, n=100)[-1])


def _drive(url: str, pipe: Connection) -> None:
    """Commits each fault that comes over the pipe for as long as it says, then answers."""
    os.setsid()  # Linux shares the processor out among sessions first, and every worker has one of its own
    client = Client(url)
    with contextlib.suppress(EOFError):
        while True:
            fault, seconds = pipe.recv()
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                if fault is None:
                    continue
                again = time.monotonic() + _PAUSE_S
                _commit(client, fault)
                time.sleep(max(0, again - time.monotonic()))
            pipe.send(None)
    client.close()


def _commit(client: Client, fault: Fault) -> None:
    """The fault from its creation to its end; its own caller's answers are the tests' business."""
    with contextlib.suppress(RuntimeError):
        fields = {"env_id": fault.env_id, "render_mode": "rgb_array", "limits": fault.limits}
        path = f"/v2/envs/{client.send('POST', '/v2/envs', fields)['instance_id']}"
        for method, command, body in (
            ("POST", "/reset", None),
            ("GET", "/render", None) if fault.command == "render" else ("POST", "/step", {"action": 1}),
            ("DELETE", "", None),
        ):
            with contextlib.suppress(RuntimeError, UnicodeDecodeError):  # a picture is no text
                client.send(method, path + command, body)


def _row(fault: Fault | None, rounds: Sequence[Round]) -> str:
    p50 = _figures([r.alone.p50_s for r in rounds], [r.beside.p50_s for r in rounds])
    p99 = _figures([r.alone.p99_s for r in rounds], [r.beside.p99_s for r in rounds])
    ratios = sorted(r.beside.p99_s / r.alone.p99_s for r in rounds)
    return f"| {_label(fault)} | {p50} | {p99} | {ratios[0]:.1f} to {ratios[-1]:.1f} |"


def _label(fault: Fault | None) -> str:
    if fault is None:
        return "(a busy loop in no server)"
    name = fault.name if fault.command == "step" else f"{fault.name} ({fault.command})"
    return f"{name}, {fault.cause or fault.status}"


def _figures(alone: Sequence[float], beside: Sequence[float]) -> str:
    ratio = statistics.median(with_s / without_s for with_s, without_s in zip(beside, alone, strict=True))
    return f"{1000 * statistics.median(alone):.2f} ms | {1000 * statistics.median(beside):.2f} ms | {ratio:.2f}"


if __name__ == "__main__":
    main()
