"""What a thousand instances leave behind: created, stepped ten times, then killed or closed, eight at a time.

Ends with code 1 if a process, a descriptor, a socket, a file outside the data directory or more than 5 % of memory is
left, compared with what the same server held after the first hundred.

    python -m benchmarks.churn [--count 1000]
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.holdings import Holdings, holdings
from benchmarks.measurement import Client, machine
from tests.server import Server, running_server

_WARM = 100
_AT_A_TIME = 8
_STEPS = 10
_SETTLE_S = 5.0
_GROWTH = 1.05


def main() -> int:
    """Prints the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        environment = {"TMPDIR": str(folder / "tmp"), "HOME": str(folder), "GYM_SERVER_LOG_LEVEL": "warning"}
        with running_server(folder, environment=environment) as server:
            _churn(server, _WARM)
            before = _settled(server, folder)
            began = time.monotonic()
            _churn(server, count)
            took_s = time.monotonic() - began
            after = _settled(server, folder)
    print(f"{count} instances of CartPole-v1, {_AT_A_TIME} at a time, {took_s:.0f} s. {machine()}.\n")
    print("| | before | after |\n|---|---:|---:|")
    for what, first, last in zip(Holdings._fields, before, after, strict=True):
        print(f"| {what} | {first:,} | {last:,} |")
    return int(_has_grown(before, after))


def _has_grown(before: Holdings, after: Holdings) -> bool:
    more = [last > first for first, last in zip(before[:-1], after[:-1], strict=True)]
    return any(more) or after.memory_bytes > before.memory_bytes * _GROWTH


def _churn(server: Server, count: int) -> None:
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(lambda share: _lives(server.url, share), _shares(count)))


def _shares(count: int) -> list[range]:
    return [range(first, count, _AT_A_TIME) for first in range(_AT_A_TIME)]


def _lives(url: str, numbers: range) -> None:
    """One client's share of them; every second one is killed, the others are closed."""
    client = Client(url)
    for number in numbers:
        path = f"/v2/envs/{client.send('POST', '/v2/envs', {'env_id': 'CartPole-v1'})['instance_id']}"
        client.send("POST", f"{path}/reset", {"seed": number})
        for step in range(_STEPS):
            client.send("POST", f"{path}/step", {"action": step % 2})
        if number % 2:
            client.send("POST", f"{path}/kill")
        client.send("DELETE", path)
    client.close()


def _settled(server: Server, folder: Path) -> Holdings:
    """What is held once killed processes have been reaped and connections closed."""
    held, deadline = holdings(server, folder), time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline:
        time.sleep(_SETTLE_S / 10)
        held = min(held, holdings(server, folder))
    return held


if __name__ == "__main__":
    sys.exit(main())
