"""How fast many environments step when one request steps them all, one request after the other.

`RemoteVectorEnv` is our own Python client; the ready-made requests read nothing of a reply but where it ends. Beside
them Gymnasium's vector environments. A reset in place of the step after the end of an episode counts as a step. Steps
are those of all instances together, so that 64 are as good as 8 where a step of one of them takes as long.
"""

import json
from contextlib import AbstractContextManager, ExitStack

import msgpack

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import async_vector, sync_vector
from benchmarks.measurement import machine, server
from benchmarks.raw_http import RawHttp, request
from benchmarks.raw_socket import RawSocket
from benchmarks.remote import remote_vector
from benchmarks.rounds import Contestant, Duel, Play, compete, one_by_one, plan_from_command_line, table

_ENV_ID = "CartPole-v1"
_FEW, _MANY = 8, 64

_ASYNC, _SYNC = "AsyncVectorEnv(8)", "SyncVectorEnv(8)"
_REMOTE, _RAW = "RemoteVectorEnv({})", "WebSocket, MessagePack, {} instances"
_REST, _JSON = "POST /v2/step, MessagePack, {} instances", "POST /v2/step, JSON, {} instances"

_DUELS = (
    Duel(_REMOTE.format(_FEW), _ASYNC, 1.2),
    Duel(_RAW.format(_FEW), _ASYNC, 1.2),
    Duel(_REST.format(_FEW), _ASYNC),
    Duel(_RAW.format(_FEW), _SYNC),
    Duel(_REMOTE.format(_MANY), _REMOTE.format(_FEW), 0.9),
    Duel(_RAW.format(_MANY), _RAW.format(_FEW), 0.9),
    Duel(_REST.format(_MANY), _REST.format(_FEW)),
)


def main() -> None:
    """Prints the tables."""
    plan = plan_from_command_line(__doc__)
    print(f"CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with ExitStack() as stack:
        turns = compete(_contestants(stack), plan)
    print(f"{table(turns)}\n\n{claims_table(claims_of(turns, _DUELS))}")


def _contestants(stack: ExitStack) -> list[Contestant]:
    def enter(name: str, opened: AbstractContextManager[Play]) -> Contestant:
        return Contestant(name, stack.enter_context(opened))

    local = [enter(_ASYNC, async_vector(_ENV_ID, _FEW)), enter(_SYNC, sync_vector(_ENV_ID, _FEW))]
    url = stack.enter_context(server("--max-instances", "512")).url
    ours = []
    for count in (_FEW, _MANY):
        ours += [
            enter(_REMOTE.format(count), remote_vector(url, _ENV_ID, count)),
            Contestant(_RAW.format(count), _raw(stack, url, count)),
            Contestant(_REST.format(count), _rest(stack, url, count, "application/msgpack")),
            Contestant(_JSON.format(count), _rest(stack, url, count, "application/json")),
        ]
    return ours + local


def _raw(stack: ExitStack, url: str, count: int) -> Play:
    socket = stack.enter_context(RawSocket(url))
    ids = socket.create(_ENV_ID, count)
    socket.prepare(*({"op": "step_many", "instance_ids": ids, "actions": [action] * count} for action in (0, 1)))
    return one_by_one(socket.ask, count)


def _rest(stack: ExitStack, url: str, count: int, media_type: str) -> Play:
    with RawSocket(url) as socket:
        ids = socket.create(_ENV_ID, count)
    write = msgpack.packb if media_type == "application/msgpack" else lambda value: json.dumps(value).encode()
    bodies = [write({"instance_ids": ids, "actions": [action] * count}) for action in (0, 1)]
    raw = RawHttp(url, *(request("/v2/step", body, media_type) for body in bodies))
    return one_by_one(stack.enter_context(raw).ask, count)


if __name__ == "__main__":
    main()
