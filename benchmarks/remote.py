"""Our own Python client as a contestant, in each of its forms."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from gym_server_client import AsyncClient, AsyncEnv, RemoteEnv, RemoteVectorEnv

from benchmarks.local import playing, playing_vector
from benchmarks.rounds import Play, one_by_one
from benchmarks.several import together


@contextlib.contextmanager
def remote_env(url: str, env_id: str) -> Iterator[Play]:
    """`RemoteEnv`, over its default transport: a WebSocket with MessagePack."""
    with contextlib.closing(RemoteEnv(url, env_id)) as env:
        yield playing(env)


@contextlib.contextmanager
def remote_vector(url: str, env_id: str, count: int) -> Iterator[Play]:
    """`RemoteVectorEnv`: a message steps them all."""
    with contextlib.closing(RemoteVectorEnv(url, env_id, count)) as envs:
        yield playing_vector(envs)


@contextlib.contextmanager
def async_envs(url: str, env_id: str, count: int, sockets: int = 1) -> Iterator[Play]:
    """So many environments of `AsyncClient`s, each with a socket, and each environment at its own pace."""
    with asyncio.Runner() as runner:
        opened = contextlib.AsyncExitStack()

        async def open_all() -> list[AsyncEnv]:
            clients = [await opened.enter_async_context(AsyncClient(url)) for _ in range(sockets)]
            return [await clients[number % sockets].make(env_id) for number in range(count)]

        asks = [_asking(env) for env in runner.run(open_all())]
        try:
            yield lambda seconds: runner.run(together(asks, seconds))
        finally:
            runner.run(opened.aclose())


@contextlib.contextmanager
def many_actions(url: str, instance_id: str, actions: list[int]) -> Iterator[Play]:
    """An `AsyncClient` that sends all these actions with one message, and reads what each came to."""
    with asyncio.Runner() as runner:
        client = AsyncClient(url)
        runner.run(client.__aenter__())

        def ask(_number: int) -> None:
            runner.run(client.call("step", instance_id=instance_id, actions=actions))

        try:
            yield one_by_one(ask, len(actions))
        finally:
            runner.run(client.__aexit__(None, None, None))


def _asking(env: AsyncEnv) -> Callable[[int], Awaitable[None]]:
    has_ended = True

    async def ask(number: int) -> None:
        nonlocal has_ended
        if has_ended:
            await env.reset()
            has_ended = False
        else:
            _, _, terminated, truncated, _ = await env.step(number % 2)
            has_ended = terminated or truncated

    return ask
