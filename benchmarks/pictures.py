"""How fast environments step that observe pictures, 84 x 84 x 4 and 210 x 160 x 3 bytes of noise.

The environments cost nothing themselves. `RemoteEnv` is our own Python client; the ready-made messages read nothing of
a reply but where it ends. Beside them Gymnasium's vector environments, dm_env_rpc with its own adaptor, and for JSON
the same server with the standard library's `json` in its workers.
"""

from contextlib import AbstractContextManager, ExitStack

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import alone, async_vector
from benchmarks.measurement import machine, server
from benchmarks.raw_socket import Encoding, RawSocket
from benchmarks.references.dm_env_rpc_client import dm_env_rpc
from benchmarks.remote import remote_env
from benchmarks.rounds import Contestant, Duel, Play, compete, one_by_one, plan_from_command_line, table

_IMPORTS = ("--import", "benchmarks.picture_envs")
_SMALL, _LARGE = "benchmarks.picture_envs:Small-v0", "benchmarks.picture_envs:Large-v0"

_ALONE, _ASYNC, _DM_ENV_RPC = "env.step in one's own process", "AsyncVectorEnv(1)", "dm_env_rpc"
_REMOTE, _MSGPACK = "RemoteEnv, MessagePack", "ready-made messages, MessagePack"
_JSON, _STANDARD = "ready-made messages, JSON lists", "the same with the standard library's json"


def main() -> None:
    """Prints the tables of both sizes."""
    plan = plan_from_command_line(__doc__)
    print(f"{plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    for title, env_id, of_async, of_json in (("84 x 84 x 4", _SMALL, 0.4, 5.0), ("210 x 160 x 3", _LARGE, 0.3, None)):
        duels = (
            Duel(_REMOTE, _DM_ENV_RPC, 2.0),
            Duel(_REMOTE, _ASYNC, of_async),
            Duel(_MSGPACK, _ASYNC),
            Duel(_JSON, _STANDARD, of_json),
        )
        with ExitStack() as stack:
            turns = compete(_contestants(stack, env_id), plan)
        claims = [claim._replace(what=f"{title}: {claim.what}") for claim in claims_of(turns, duels)]
        print(f"{title}:\n\n{table(turns)}\n\n{claims_table(claims)}\n", flush=True)


def _contestants(stack: ExitStack, env_id: str) -> list[Contestant]:
    def enter(name: str, opened: AbstractContextManager[Play]) -> Contestant:
        return Contestant(name, stack.enter_context(opened))

    references = [
        enter(_ASYNC, async_vector(env_id, 1)),
        enter(_ALONE, alone(env_id)),
        enter(_DM_ENV_RPC, dm_env_rpc(env_id)),
    ]
    url = stack.enter_context(server(*_IMPORTS)).url
    other_url = stack.enter_context(server(*_IMPORTS, "--import", "benchmarks.references.standard_json")).url
    ours = [
        enter(_REMOTE, remote_env(url, env_id)),
        Contestant(_MSGPACK, _raw(stack, url, env_id, "msgpack")),
        Contestant(_JSON, _raw(stack, url, env_id, "json")),
        Contestant(_STANDARD, _raw(stack, other_url, env_id, "json")),
    ]
    return ours + references


def _raw(stack: ExitStack, url: str, env_id: str, encoding: Encoding) -> Play:
    raw = stack.enter_context(RawSocket(url, encoding))
    (instance_id,) = raw.create(env_id)
    raw.prepare({"op": "step", "instance_id": instance_id, "action": 0})
    return one_by_one(raw.ask)


if __name__ == "__main__":
    main()
