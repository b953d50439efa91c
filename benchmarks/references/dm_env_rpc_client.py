"""dm_env_rpc's own adaptor as a contestant."""

import contextlib
from collections.abc import Iterator
from typing import Any

from benchmarks.references.servers import serving
from benchmarks.rounds import Play, one_by_one


@contextlib.contextmanager
def dm_env_rpc(env_id: str) -> Iterator[Play]:
    """One adaptor; the step after the end of an episode begins the next, as dm_env has it."""
    with serving("dm_env_rpc_server", env_id) as port, _connected(port) as env:
        env.reset()
        yield one_by_one(lambda number: env.step({"action": number % 2}))


@contextlib.contextmanager
def _connected(port: int) -> Iterator[Any]:
    from dm_env_rpc.v1 import connection, dm_env_adaptor  # noqa: PLC0415 - forked processes shall have nothing of gRPC

    with connection.create_secure_channel_and_connect(f"localhost:{port}") as link:
        env, _ = dm_env_adaptor.create_and_join_world(link, {}, {})
        with contextlib.closing(env):
            yield env
