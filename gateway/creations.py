"""Creations that are safe to repeat: a key that came before gets the instances that it made."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.replay import was_replayed
from protocol.errors import InvalidField

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

_REMEMBERED = 1000


class Creations(Generic[Request, Outcome]):
    """The last 1,000 creations that came with a key; one that still runs is waited for."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, tuple[Request, asyncio.Task[Outcome]]] = OrderedDict()

    async def once(self, key: str | None, request: Request, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What the request made; made now only if no request with this key did before.

        Raises:
            InvalidField: the key came before with another request.
        """
        if key is None:
            return await run()
        if key in self._tasks:
            before, task = self._tasks[key]
            if before != request:
                raise InvalidField("the Idempotency-Key was used with another request; use a new key for a new request")
            was_replayed.set(True)
        else:
            task = asyncio.ensure_future(_running(run))
            self._tasks[key] = (request, task)
            if len(self._tasks) > _REMEMBERED:
                self._tasks.popitem(last=False)
        return await asyncio.shield(task)


async def _running(run: Callable[[], Awaitable[Outcome]]) -> Outcome:
    return await run()
