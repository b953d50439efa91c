"""How fast one environment steps when a request carries a hundred actions, against `env.step` in one's own process.

The ready-made messages read nothing of a reply but where it ends; `AsyncClient` reads all of it, into NumPy's arrays.
The environment begins its episodes itself, in place of the step after the end of one; the one here is reset likewise.
"""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import alone, async_vector
from benchmarks.measurement import machine, server
from benchmarks.raw_socket import Encoding, RawSocket
from benchmarks.remote import many_actions
from benchmarks.rounds import Contestant, Duel, Play, compete, one_by_one, plan_from_command_line, table

_ENV_ID = "CartPole-v1"
_ACTIONS = [number % 2 for number in range(100)]

_ALONE, _ASYNC = "env.step in one's own process", "AsyncVectorEnv(1)"
_MSGPACK, _JSON = "100 actions a message, MessagePack", "100 actions a message, JSON"
_CLIENT = "100 actions a message, AsyncClient"

_DUELS = (Duel(_MSGPACK, _ALONE, 0.6), Duel(_JSON, _ALONE), Duel(_CLIENT, _ALONE), Duel(_MSGPACK, _ASYNC))


def main() -> None:
    """Prints the tables."""
    plan = plan_from_command_line(__doc__)
    print(f"CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with ExitStack() as stack:
        contestants = [
            Contestant(_ASYNC, stack.enter_context(async_vector(_ENV_ID, 1))),
            Contestant(_ALONE, stack.enter_context(alone(_ENV_ID))),
        ]
        url = stack.enter_context(server()).url
        contestants += [
            Contestant(_MSGPACK, stack.enter_context(_raw(url, "msgpack"))),
            Contestant(_JSON, stack.enter_context(_raw(url, "json"))),
            Contestant(_CLIENT, stack.enter_context(many_actions(url, _instance(url), _ACTIONS))),
        ]
        turns = compete(contestants, plan)
    print(f"{table(turns)}\n\n{claims_table(claims_of(turns, _DUELS))}")


@contextlib.contextmanager
def _raw(url: str, encoding: Encoding) -> Iterator[Play]:
    with RawSocket(url, encoding) as socket:
        (instance_id,) = socket.create(_ENV_ID)
        socket.prepare({"op": "step", "instance_id": instance_id, "actions": _ACTIONS})
        yield one_by_one(socket.ask, len(_ACTIONS))


def _instance(url: str) -> str:
    with RawSocket(url) as socket:
        (instance_id,) = socket.create(_ENV_ID)
    return instance_id


if __name__ == "__main__":
    main()
