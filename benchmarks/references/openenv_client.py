"""OpenEnv's own asynchronous client as a contestant."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from benchmarks.references.servers import serving
from benchmarks.rounds import Play, Turn
from benchmarks.several import together


@contextlib.contextmanager
def openenv(env_id: str, count: int) -> Iterator[Play]:
    """So many clients of one server, each with an environment there."""
    from openenv.core import GenericEnvClient  # noqa: PLC0415 - takes seconds, also in processes that multiprocessing starts

    with serving("openenv_server", env_id, count) as port, asyncio.Runner() as runner:
        url = f"http://127.0.0.1:{port}"
        clients = [GenericEnvClient(url, websocket_ping_interval_s=None) for _ in range(count)]

        async def connect() -> None:
            for client in clients:
                await client.connect()

        async def close() -> None:
            for client in clients:
                await client.close()

        def play(seconds: float) -> Turn:
            return runner.run(together(asks, seconds))

        runner.run(connect())
        asks = list(map(_asking, clients))
        try:
            yield play
        finally:
            runner.run(close())


def _asking(client: Any) -> Callable[[int], Awaitable[None]]:
    has_ended = True

    async def ask(number: int) -> None:
        nonlocal has_ended
        result = await (client.reset() if has_ended else client.step({"action": number % 2}))
        has_ended = result.done

    return ask
