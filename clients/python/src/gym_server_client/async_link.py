"""One open WebSocket in an event loop, which hands on each message as it comes: no task stands in between."""

import asyncio
from collections.abc import Callable
from typing import Self

from websockets.exceptions import ConnectionClosed

from gym_server_client.address import Address
from gym_server_client.framing import Framing
from gym_server_client.messages import CLOSE_S, OPEN_S


class AsyncLink(asyncio.Protocol):
    """A socket that is connected, until `closed` says why it is not any more; `deliver` gets the messages."""

    def __init__(self, framing: Framing, deliver: Callable[[memoryview], None]) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[ConnectionClosed] = loop.create_future()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._framing = framing
        self._deliver = deliver
        self._transport: asyncio.Transport

    @classmethod
    async def connect(cls, address: Address, url: str, deliver: Callable[[memoryview], None]) -> Self:
        """One that is open.

        Raises:
            OSError, WebSocketException: it could not be connected.
            RemoteError: the server will not have this client.
        """
        loop = asyncio.get_running_loop()
        link = cls(Framing(url, address.headers), deliver)
        async with asyncio.timeout(OPEN_S):
            transport, _ = await loop.create_connection(
                lambda: link, address.host, address.port, ssl=address.ssl_context
            )
            try:
                await link._opened
            except BaseException:
                transport.abort()
                raise
        return link

    def send(self, message: bytes) -> None:
        """The message is on its way, if there still is one."""
        if self._framing.is_open:
            self._transport.write(self._framing.written(message))

    async def close(self) -> None:
        """The server knows, if it answers soon, and there is no connection."""
        self._framing.close()
        self._flush()
        await asyncio.wait([self.closed], timeout=CLOSE_S)
        self._transport.abort()
        await self.closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For the loop: the handshake begins."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows: it is a stream
        self._transport = transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        """For the loop: what is whole is handed on."""
        for message in self._framing.read(data):
            self._deliver(message)
        self._flush()
        if not self._opened.done():
            self._open()
        elif self._framing.is_over:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """For the loop: this was all."""
        error = self._framing.end()
        error.__cause__ = exc
        if not self._opened.done():
            self._opened.set_exception(error)
        self.closed.set_result(error)

    def _open(self) -> None:
        try:
            if not self._framing.is_opening:
                self._opened.set_result(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, `connect` raises it
            self._opened.set_exception(error)

    def _flush(self) -> None:
        for data in self._framing.outgoing():
            self._transport.write(data)
