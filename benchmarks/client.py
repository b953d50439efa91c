"""What a step costs the trainer's own process, by each way of the Python client, and with Gymnasium's own environments.

Processor time of this process alone, without the server's and without that of worker processes. It is the part of a
step that no faster server can take away.
"""

import contextlib
import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import get_args

from gym_server_client import RemoteEnv, TransportName

from benchmarks.local import alone, async_vector, playing, sync_vector
from benchmarks.measurement import machine, server
from benchmarks.remote import async_envs, remote_vector
from benchmarks.rounds import Contestant, Play, Turn, compete, plan_from_command_line

_ENV_ID = "CartPole-v1"
_EIGHT = 8
_HEAD = "| who | own processor time a step, median | lowest to highest |\n|---|---:|---:|"


def main() -> None:
    """Prints the table."""
    plan = plan_from_command_line(__doc__)
    print(f"CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with ExitStack() as stack:
        clocks = {contestant.name: _Clock(contestant.play) for contestant in _contestants(stack)}
        compete([Contestant(name, clock.play) for name, clock in clocks.items()], plan)
    print("\n".join((_HEAD, *(clock.row(name) for name, clock in clocks.items()))))


class _Clock:
    """Somebody's play, and how much of this process's time each step of it has taken, in seconds."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._spent: list[float] = []

    def play(self, seconds: float) -> Turn:
        """The same, with an eye on the clock."""
        before_s = time.process_time()
        turn = self._play(seconds)
        self._spent.append((time.process_time() - before_s) / turn.steps)
        return turn

    def row(self, name: str) -> str:
        """A line in Markdown, without the turn that was for warming up."""
        rounds = [1e6 * spent for spent in self._spent[1:]]
        return f"| {name} | {statistics.median(rounds):.1f} us | {min(rounds):.1f} to {max(rounds):.1f} us |"


def _contestants(stack: ExitStack) -> list[Contestant]:
    def enter(name: str, opened: AbstractContextManager[Play]) -> Contestant:
        return Contestant(name, stack.enter_context(opened))

    local = [  # those that fork come before those that start threads
        enter("AsyncVectorEnv(1)", async_vector(_ENV_ID, 1)),
        enter("AsyncVectorEnv(8)", async_vector(_ENV_ID, _EIGHT)),
        enter("SyncVectorEnv(8)", sync_vector(_ENV_ID, _EIGHT)),
        enter("env.step in one's own process", alone(_ENV_ID)),
    ]
    url = stack.enter_context(server()).url
    return [
        *(enter(f"RemoteEnv, {way}", _over(url, way)) for way in get_args(TransportName)),
        enter("RemoteVectorEnv(8)", remote_vector(url, _ENV_ID, _EIGHT)),
        enter("AsyncClient, 8 environments", async_envs(url, _ENV_ID, _EIGHT)),
        *local,
    ]


@contextlib.contextmanager
def _over(url: str, transport: TransportName) -> Iterator[Play]:
    with contextlib.closing(RemoteEnv(url, _ENV_ID, transport=transport)) as env:
        yield playing(env)


if __name__ == "__main__":
    main()
