"""Minutes of chaos: clients that create, step, provoke, kill, stop and go away at random, many at a time.

Afterwards nothing may be left of it: no process, no descriptor, no socket, nothing in the server's log but what it says
of those it killed, and no answer that what was done to the instance does not explain. Then the gateway is killed by
SIGKILL under the same load, and no process may be left at all. Ends with code 1 otherwise.

    python -m benchmarks.chaos [--seconds 300] [--clients 8] [--seed 0]
"""

import argparse
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.holdings import Holdings, holdings
from benchmarks.measurement import machine
from benchmarks.visitor import Visitor
from tests.isolation.culprit import writers
from tests.server import Server, running_server

_KILLED_AFTER_S = 10.0
_SETTLE_S = 15.0
_FLAGS = (
    "--import", "tests.envs", "--step-timeout", "1", "--reset-timeout", "5", "--close-timeout", "1",
    "--memory-limit", "300M", "--max-processes", "30", "--log-level", "warning",
)  # fmt: skip
_ALARM = re.compile(r"^.*(?:ERROR|CRITICAL|Traceback).*$", re.MULTILINE)


def main() -> int:
    """Prints what was done, what came of it and what is left; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{arguments.clients} clients, {arguments.seconds:.0f} s, seed {arguments.seed}. {machine()}.\n")
    complaints = []
    with tempfile.TemporaryDirectory() as name, running_server(Path(name), *_FLAGS) as server:
        server.http.delete(f"/v2/envs/{server.create('CartPole-v1')}")  # the fork server is warm from here on
        before = holdings(server, Path(name))
        crowd = Crowd(server, arguments.clients, arguments.seed)
        crowd.rage(arguments.seconds)
        complaints += crowd.leave()
        after = _settled(server, Path(name), before)
        complaints += _ALARM.findall(server.log)
        _print_tables(crowd.outcomes, before, after)
        complaints += [
            f"left over: {what}"
            for what, first, last in zip(Holdings._fields[:3], before, after, strict=False)
            if last > first
        ]
        complaints += _killed(server, Crowd(server, arguments.clients, arguments.seed + 1))
    print(*(complaints or ["\nnothing left, nothing unexplained"]), sep="\n")
    return int(bool(complaints))


class Crowd:
    """Visitors in threads of their own."""

    def __init__(self, server: Server, size: int, seed: int) -> None:
        self._is_over = threading.Event()
        # One generator each: what a visitor does shall not depend on when the others do it.
        self._visitors = [Visitor(server.url, random.Random(f"{seed}.{number}")) for number in range(size)]  # noqa: S311 - chance, no secret
        self._threads = [threading.Thread(target=visitor.rage, args=(self._is_over,)) for visitor in self._visitors]
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def rage(self, seconds: float) -> None:
        """They have raged for so long, and still do."""
        for thread in self._threads:
            thread.start()
        time.sleep(seconds)

    def leave(self, *, closing: bool = True) -> list[str]:
        """They have gone, and closed what they had created; the answers that nothing explains."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        complaints = []
        for visitor in self._visitors:
            visitor.leave(closing=closing)
            self.outcomes += visitor.outcomes
            complaints += visitor.complaints
        return complaints


def _settled(server: Server, folder: Path, before: Holdings) -> Holdings:
    """What is held once it is no more than before, or after some seconds."""
    deadline = time.monotonic() + _SETTLE_S
    while _left_over(before, held := holdings(server, folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return held


def _killed(server: Server, crowd: Crowd) -> list[str]:
    """What is left of a server that is killed under load."""
    crowd.rage(_KILLED_AFTER_S)
    print(f"\nSIGKILL to the gateway with {len(server.family())} processes below it")
    try:
        server.stop(signal.SIGKILL)
    except AssertionError as left:
        return [str(left)]
    finally:
        crowd.leave(closing=False)
    return [f"process {pid} has survived the gateway" for pid in writers(server.data_dir)]


def _left_over(before: Holdings, after: Holdings) -> list[str]:
    """Memory aside, which the first minute of any server takes."""
    pairs = zip(Holdings._fields[:-1], before[:-1], after[:-1], strict=True)
    return [f"left over: {last - first} {what}" for what, first, last in pairs if last > first]


def _print_tables(outcomes: Counter[tuple[str, str]], before: Holdings, after: Holdings) -> None:
    print("| what was done | answer | times |\n|---|---|---:|")
    for (done, answer), times in sorted(outcomes.items()):
        print(f"| {done} | {answer} | {times:,} |")
    print("\n| | before | after |\n|---|---:|---:|")
    for what, first, last in zip(Holdings._fields, before, after, strict=True):
        print(f"| {what} | {first:,} | {last:,} |")


if __name__ == "__main__":
    sys.exit(main())
