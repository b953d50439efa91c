"""What a hundred thousand steps over one connection leave behind, taken as gym-http-api's clients take them.

Every step asks for a picture, as theirs do. Ends with code 1 if the gateway or the worker holds 5 % more memory (RSS),
or another descriptor, than after the steps that warmed them up.

    python -m benchmarks.soak [--steps 100000] [--warm-up 30000]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.measurement import machine
from benchmarks.raw_steps import Stepper
from tests.server import Server, running_server

_GROWTH = 1.05


class Held(NamedTuple):
    """What one process holds."""

    memory_bytes: int
    descriptors: int


def main() -> int:
    """Prints the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--warm-up", type=int, default=30_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), "--log-level", "warning") as server,
        Stepper(server.url) as stepper,
    ):
        stepper.step(arguments.warm_up, renders=True)
        before = _held(server, stepper)
        began = time.monotonic()
        stepper.step(arguments.steps, renders=True)
        elapsed_s = time.monotonic() - began
        after = _held(server, stepper)
    print(f"{arguments.steps:,} steps of CartPole-v0, {arguments.steps / elapsed_s:,.0f} a second. {machine()}.\n")
    print("| process | memory before | after | descriptors before | after |\n|---|---:|---:|---:|---:|")
    for name, (memory_bytes, descriptors) in before.items():
        row = f"{memory_bytes / 2**20:.1f} MB | {after[name].memory_bytes / 2**20:.1f} MB"
        print(f"| {name} | {row} | {descriptors} | {after[name].descriptors} |")
    return int(any(_has_grown(before[name], after[name]) for name in before))


def _held(server: Server, stepper: Stepper) -> dict[str, Held]:
    pids = {"gateway": server.process.pid, "worker": server.document(stepper.instance_id)["pid"]}
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    return {name: Held(process.memory_info().rss, process.num_fds()) for name, process in processes.items()}


def _has_grown(before: Held, after: Held) -> bool:
    return after.memory_bytes > _GROWTH * before.memory_bytes or after.descriptors > before.descriptors


if __name__ == "__main__":
    sys.exit(main())
