"""Creations that are safe to repeat: a key that came before gets what it made then."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

import msgspec

from gateway.replay import key_reused, was_replayed
from gateway.security.caller import own

Outcome = TypeVar("Outcome")

_REMEMBERED = 1000


class Creations(Generic[Outcome]):
    """The last 1,000 creations that came with a key; one that still runs is waited for, one that failed forgotten."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, tuple[bytes, asyncio.Task[Outcome]]] = OrderedDict()

    async def once(self, key: str | None, request: object, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What the request made; made now only if no request with this key did before.

        Raises:
            InvalidField: the key came before with another request.
        """
        if key is None:
            return await run()
        key = own(key)
        digest = hashlib.blake2b(msgspec.msgpack.encode(request)).digest()
        if key in self._tasks:
            before, task = self._tasks[key]
            if before != digest:
                raise key_reused()
            was_replayed.set(True)
        else:
            task = asyncio.ensure_future(_running(run))
            self._tasks[key] = (digest, task)
            task.add_done_callback(partial(self._forget_failure, key))
            if len(self._tasks) > _REMEMBERED:
                self._tasks.popitem(last=False)
        return await asyncio.shield(task)

    def _forget_failure(self, key: str, task: asyncio.Task[Outcome]) -> None:
        """Nothing was made, so trying again repeats nothing."""
        if (task.cancelled() or task.exception()) and self._tasks.get(key, (b"", None))[1] is task:
            del self._tasks[key]


async def _running(run: Callable[[], Awaitable[Outcome]]) -> Outcome:
    return await run()
