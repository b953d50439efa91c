"""What became of each part of a batch; parts are answered as they please, and the batch when all of them are."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from gateway.errors import without_bugs
from gateway.replay import was_replayed
from protocol.errors import GymServerError

R = TypeVar("R")


class Batch(Generic[R]):
    """So many parts, each of which is put once, or waited for."""

    def __init__(self, size: int) -> None:
        self._outcomes: list[Any] = [None] * size
        self._missing = size
        self._whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: list[asyncio.Task[None]] = []
        self._has_replayed = False

    def put(self, position: int, outcome: Any) -> None:
        """What became of the part."""
        self._outcomes[position] = outcome
        self._missing -= 1
        if not self._missing and not self._whole.done():
            self._whole.set_result(None)

    def wait_for(self, position: int, work: Coroutine[Any, Any, R]) -> None:
        """What becomes of the part is what the work comes to, in a task of its own."""
        self._tasks.append(asyncio.ensure_future(self._run(position, work)))

    async def outcomes(self) -> tuple[list[R | GymServerError], bool]:
        """One for each part, in their order; and whether one of them is a stored one."""
        try:
            await self._whole
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            raise
        return self._outcomes, self._has_replayed

    async def _run(self, position: int, work: Coroutine[Any, Any, R]) -> None:
        outcome: R | GymServerError
        try:
            outcome = await without_bugs(work, "a part of a batch")
        except GymServerError as error:
            outcome = error
        self._has_replayed = self._has_replayed or was_replayed.get()
        self.put(position, outcome)
