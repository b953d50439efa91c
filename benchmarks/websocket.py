"""How fast environments step over a WebSocket: one client, and eight at the same time.

`RemoteEnv` is our own Python client. The sockets with ready-made messages read nothing of a reply but where it ends,
and so show what the server alone can do. Beside them Gymnasium's vector environments, `env.step` in one's own process,
OpenEnv's server with its own asynchronous client, dm_env_rpc with its own adaptor, and a blocking pipe between two
processes. A reset in place of the step after the end of an episode counts as a step, for all alike.
"""

from contextlib import AbstractContextManager, ExitStack

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import alone, async_vector, sync_vector
from benchmarks.measurement import machine, server
from benchmarks.raw_socket import Encoding, RawSocket
from benchmarks.references.dm_env_rpc_client import dm_env_rpc
from benchmarks.references.echo import pipe_echo
from benchmarks.references.openenv_client import openenv
from benchmarks.remote import async_envs, remote_env
from benchmarks.rounds import Contestant, Duel, Play, compete, one_by_one, plan_from_command_line, table
from benchmarks.several import in_processes, over_all

_ENV_ID = "CartPole-v1"
_EIGHT = 8

_ALONE = "env.step in one's own process"
_SYNC, _ASYNC = "SyncVectorEnv(1)", "AsyncVectorEnv(1)"
_ECHO = "pipe echo"
_OPENENV, _DM_ENV_RPC = "OpenEnv", "dm_env_rpc"
_REMOTE = "RemoteEnv, MessagePack"
_MSGPACK, _JSON = "ready-made messages, MessagePack", "ready-made messages, JSON"

_ASYNC_8, _OPENENV_8 = "AsyncVectorEnv(8)", "OpenEnv, 8 clients"
_ONE_SOCKET, _EIGHT_SOCKETS = "AsyncClient, 8 environments, one socket", "8 AsyncClients, a socket each"
_PROCESSES = "RemoteEnv in 8 processes"
_RAW_8 = "8 sockets, ready-made messages"

_DUELS = (
    Duel(_REMOTE, _ASYNC, 1.0),
    Duel(_REMOTE, _OPENENV, 2.5),
    Duel(_REMOTE, _DM_ENV_RPC, 4.0),
    Duel(_MSGPACK, _ASYNC),
    Duel(_MSGPACK, _ECHO),
    Duel(_JSON, _ASYNC),
)
_DUELS_OF_8 = tuple(
    Duel(ours, reference, wanted)
    for ours in (_ONE_SOCKET, _EIGHT_SOCKETS, _PROCESSES, _RAW_8)
    for reference, wanted in ((_ASYNC_8, 1.0), (_OPENENV_8, 2.5))
)


def main() -> None:
    """Prints both tables."""
    plan = plan_from_command_line(__doc__)
    print(f"CartPole-v1, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    for title, contest, duels in (("One client", _one, _DUELS), ("Eight clients", _eight, _DUELS_OF_8)):
        with ExitStack() as stack:
            turns = compete(contest(stack), plan)
        print(f"{title}:\n\n{table(turns)}\n\n{claims_table(claims_of(turns, duels))}\n", flush=True)


def _one(stack: ExitStack) -> list[Contestant]:
    def enter(name: str, opened: AbstractContextManager[Play]) -> Contestant:
        return Contestant(name, stack.enter_context(opened))

    references = [  # those that fork come before those that start threads
        enter(_ASYNC, async_vector(_ENV_ID, 1)),
        enter(_SYNC, sync_vector(_ENV_ID, 1)),
        enter(_ALONE, alone(_ENV_ID)),
        enter(_ECHO, pipe_echo()),
        enter(_OPENENV, openenv(_ENV_ID, 1)),
        enter(_DM_ENV_RPC, dm_env_rpc(_ENV_ID)),
    ]
    url = stack.enter_context(server()).url
    ours = [
        enter(_REMOTE, remote_env(url, _ENV_ID)),
        Contestant(_MSGPACK, one_by_one(_raw(stack, url, "msgpack").ask)),
        Contestant(_JSON, one_by_one(_raw(stack, url, "json").ask)),
    ]
    return ours + references


def _eight(stack: ExitStack) -> list[Contestant]:
    def enter(name: str, opened: AbstractContextManager[Play]) -> Contestant:
        return Contestant(name, stack.enter_context(opened))

    references = [enter(_ASYNC_8, async_vector(_ENV_ID, _EIGHT)), enter(_OPENENV_8, openenv(_ENV_ID, _EIGHT))]
    url = stack.enter_context(server()).url
    ours = [
        enter(_ONE_SOCKET, async_envs(url, _ENV_ID, _EIGHT)),
        enter(_EIGHT_SOCKETS, async_envs(url, _ENV_ID, _EIGHT, sockets=_EIGHT)),
        enter(_PROCESSES, in_processes(_EIGHT, remote_env, url, _ENV_ID)),
        Contestant(_RAW_8, over_all([_raw(stack, url, "msgpack") for _ in range(_EIGHT)])),
    ]
    return ours + references


def _raw(stack: ExitStack, url: str, encoding: Encoding) -> RawSocket:
    """A socket with an instance of its own."""
    raw = stack.enter_context(RawSocket(url, encoding))
    (instance_id,) = raw.create(_ENV_ID)
    raw.prepare(*({"op": "step", "instance_id": instance_id, "action": action} for action in (0, 1)))
    return raw


if __name__ == "__main__":
    main()
