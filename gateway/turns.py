"""Turns: one at a time, in the order of their coming, and not too many waiting."""

import asyncio

from protocol.errors import LimitReached


class Turns:
    """`async with turns` waits for its turn; `lock` is for those that may not be refused."""

    def __init__(self, length: int) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self._length = length

    async def __aenter__(self) -> None:
        if self.waiting >= self._length:
            raise LimitReached(f"{self.waiting} commands wait for this instance already; try again later")
        self.waiting += 1
        try:
            await self.lock.acquire()
        except BaseException:
            self.waiting -= 1
            raise

    async def __aexit__(self, *_error: object) -> None:
        self.waiting -= 1
        self.lock.release()
