"""Turns: one at a time, in the order of their coming, and not too many waiting."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from protocol.errors import LimitReached


class Turns:
    """`async with turns` waits for its turn; `take_now` takes it if nobody has it, and `give` hands it on."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._is_taken = False
        self._unrefused = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait, and the one whose turn it is."""
        return len(self._queue) + self._is_taken

    def take_now(self) -> bool:
        """Whether it is the caller's turn from here on, because nobody else's."""
        if self._is_taken:
            return False
        self._is_taken = True
        return True

    def give(self) -> None:
        """The turn is that of the one that has waited longest."""
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._is_taken = False

    async def __aenter__(self) -> None:
        if self.take_now():
            return
        if self.waiting - self._unrefused >= self._length:
            raise LimitReached(f"{self.waiting} commands wait for this instance already; try again later")
        await self._wait()

    async def __aexit__(self, *_error: object) -> None:
        self.give()

    @contextlib.asynccontextmanager
    async def unrefused(self) -> AsyncIterator[None]:
        """A turn for those who may not be turned away, and who do not cost others their place either."""
        self._unrefused += 1
        try:
            if not self.take_now():
                await self._wait()
            try:
                yield
            finally:
                self.give()
        finally:
            self._unrefused -= 1

    async def _wait(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                with contextlib.suppress(ValueError):  # it has been passed over already
                    self._queue.remove(waiter)
            else:
                self.give()  # it was this one's turn, which nobody will take
            raise
