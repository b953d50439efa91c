"""How fast one environment steps over HTTP: one connection that is kept alive, and eight at the same time.

The limit is a handler of aiohttp that reads the body and answers fixed bytes, as many as a step of CartPole is answered
with, over connections of the same kind. All requests are ready-made. A reset in place of the step after the end of an
episode counts as a step.
"""

import json
from contextlib import ExitStack
from typing import NamedTuple

import msgpack

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import async_vector
from benchmarks.measurement import Client, machine, server
from benchmarks.raw_http import RawHttp, request
from benchmarks.references.servers import serving
from benchmarks.rounds import Contestant, Duel, compete, one_by_one, plan_from_command_line, table
from benchmarks.several import over_all

_ENV_ID = "CartPole-v1"
_EIGHT = 8
_MSGPACK = "application/msgpack"

_NATIVE, _NATIVE_MSGPACK = "/v2, JSON", "/v2, MessagePack"
_SEED, _HTTP_API = "/v1, as the first gym-server", "/v1, as gym-http-api"
_BARE = "bare aiohttp handler"
_ASYNC = "AsyncVectorEnv(1)"
_OF_8 = ", 8 connections"

_DUELS = (
    Duel(_NATIVE, _BARE, 0.35),
    Duel(_NATIVE_MSGPACK, _BARE),
    Duel(_SEED, _NATIVE, 0.9),
    Duel(_HTTP_API, _NATIVE, 0.9),
    Duel(_NATIVE, _ASYNC),
)
_DUELS_OF_8 = (Duel(_NATIVE + _OF_8, _BARE + _OF_8, 0.48), Duel(_NATIVE_MSGPACK + _OF_8, _BARE + _OF_8))


class Steps(NamedTuple):
    """The requests with which an instance is stepped, and the one that begins its episodes, if it does not itself."""

    requests: list[bytes]
    begin: bytes = b""


def main() -> None:
    """Prints both tables."""
    plan = plan_from_command_line(__doc__)
    print(f"CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with ExitStack() as stack:
        alone, together = _contestants(stack)
        for title, contestants, duels in (("One client", alone, _DUELS), ("Eight clients", together, _DUELS_OF_8)):
            turns = compete(contestants, plan)
            print(f"{title}:\n\n{table(turns)}\n\n{claims_table(claims_of(turns, duels))}\n", flush=True)


def _contestants(stack: ExitStack) -> tuple[list[Contestant], list[Contestant]]:
    """Those who play alone, and those who play eight at a time."""
    local = Contestant(_ASYNC, stack.enter_context(async_vector(_ENV_ID, 1)))
    client = stack.enter_context(server())
    native = _native(client)
    with RawHttp(client.url, *native.requests) as first:
        first.send(0)
        size = len(first.receive())
    path = "/v2/envs/00000000/step"
    bare_url = f"http://127.0.0.1:{stack.enter_context(serving('aiohttp_server', path, size))}"
    bare = Steps([request(path, b'{"action": 0}')])
    alone = [
        _alone(stack, _NATIVE, client.url, native),
        _alone(stack, _NATIVE_MSGPACK, client.url, _native(client, _MSGPACK)),
        _alone(stack, _SEED, client.url, _seed(client)),
        _alone(stack, _HTTP_API, client.url, _http_api(client)),
        _alone(stack, _BARE, bare_url, bare),
        local,
    ]
    together = [
        _together(stack, _NATIVE, client.url, [_native(client) for _ in range(_EIGHT)]),
        _together(stack, _NATIVE_MSGPACK, client.url, [_native(client, _MSGPACK) for _ in range(_EIGHT)]),
        _together(stack, _BARE, bare_url, [bare] * _EIGHT),
    ]
    return alone, together


def _alone(stack: ExitStack, name: str, url: str, steps: Steps) -> Contestant:
    raw = stack.enter_context(RawHttp(url, *steps.requests, begin=steps.begin))
    return Contestant(name, one_by_one(raw.ask))


def _together(stack: ExitStack, name: str, url: str, each: list[Steps]) -> Contestant:
    raws = [stack.enter_context(RawHttp(url, *steps.requests, begin=steps.begin)) for steps in each]
    return Contestant(name + _OF_8, over_all(raws))


def _native(client: Client, media_type: str = "application/json") -> Steps:
    """A new instance of `/v2`, reset, which begins further episodes itself."""
    created = client.send("POST", "/v2/envs", {"env_id": _ENV_ID, "autoreset": "next_step"})
    path = f"/v2/envs/{created['instance_id']}"
    client.send("POST", f"{path}/reset")
    write = msgpack.packb if media_type == _MSGPACK else lambda value: json.dumps(value).encode()
    return Steps([request(f"{path}/step", write({"action": action}), media_type) for action in (0, 1)])


def _seed(client: Client) -> Steps:
    """A new instance of the first gym-server's API."""
    return _first(client.send("POST", "/v1/envs/create/", {"environment": _ENV_ID})["instance_id"])


def _http_api(client: Client) -> Steps:
    """A new instance of gym-http-api's."""
    return _first(client.send("POST", "/v1/envs/", {"env_id": _ENV_ID})["instance_id"])


def _first(instance_id: str) -> Steps:
    path = f"/v1/envs/{instance_id}"
    steps = [request(f"{path}/step/", b'{"action": %d}' % action) for action in (0, 1)]
    return Steps(steps, begin=request(f"{path}/reset/", b"{}"))


if __name__ == "__main__":
    main()
