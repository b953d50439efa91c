"""What `render: true` with every step costs: most clients of gym-http-api send it, where it once meant a window.

Rounds without it and with it take turns on one connection and one CartPole. Ends with code 1 if a step with it comes
at less than 70 % of the rate, or if anything but `latest.png` was drawn.

    python -m benchmarks.render_every_step [--rounds 20] [--steps 1000]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measurement import machine
from benchmarks.raw_steps import Stepper
from tests.server import running_server

_WANTED = 0.7


def main() -> int:
    """Prints the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.render_every_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=1000)
    arguments = parser.parse_args()
    rates: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder), "--log-level", "warning") as server:
        with Stepper(server.url) as stepper:
            for renders in (False, True):
                stepper.step(arguments.steps, renders=renders)
            for _ in range(arguments.rounds):
                for renders, each in rates.items():
                    each.append(_rate(stepper, arguments.steps, renders=renders))
        drawn = sorted(path.name for path in (server.data_dir / stepper.instance_id / "rendered").iterdir())
    ratio = statistics.median(rates[True]) / statistics.median(rates[False])
    print(f"CartPole-v0 over one connection, {arguments.rounds} rounds of {arguments.steps} steps. {machine()}.\n")
    print("| `render` | steps/s, median | slowest to fastest round |\n|---|---:|---:|")
    for renders, each in rates.items():
        print(f"| {str(renders).lower()} | {statistics.median(each):,.0f} | {min(each):,.0f} to {max(each):,.0f} |")
    print(f"\nratio {ratio:.2f}, wanted at least {_WANTED}; drawn: {', '.join(drawn)}")
    return int(ratio < _WANTED or drawn != ["latest.png"])


def _rate(stepper: Stepper, steps: int, *, renders: bool) -> float:
    """Steps a second."""
    began = time.perf_counter()
    stepper.step(steps, renders=renders)
    return steps / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
