"""Room for what the gateway holds on behalf of one peer: messages not yet answered, replies not yet taken."""

import asyncio


class Room:
    """A number of bytes above which nothing more should be accepted, and one above which nothing must be added."""

    def __init__(self, enough_bytes: int, most_bytes: int) -> None:
        self._enough_bytes = enough_bytes
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._is_free = asyncio.Event()
        self._is_free.set()

    @property
    def is_overfull(self) -> bool:
        """Whether more is held than may be, so that nothing must be added."""
        return self._held_bytes > self._most_bytes

    def take(self, number: int) -> None:
        """So many bytes more are held."""
        self._held_bytes += number
        if self._held_bytes > self._enough_bytes:
            self._is_free.clear()

    def give(self, number: int) -> None:
        """So many bytes less are held."""
        self._held_bytes -= number
        if self._held_bytes <= self._enough_bytes:
            self._is_free.set()

    async def wait(self) -> None:
        """There is room for more."""
        if not self._is_free.is_set():
            await self._is_free.wait()
