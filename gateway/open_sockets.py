"""The WebSockets that are open, so that the server can take its leave of them when it ends."""

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import WSCloseCode, web

_GOODBYE_S = 2.0


class OpenSockets:
    """Those of one handler."""

    def __init__(self) -> None:
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}

    def __len__(self) -> int:
        return len(self._transports)

    @contextlib.contextmanager
    def entered(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> Iterator[None]:
        """The socket is one of them meanwhile."""
        self._transports[socket] = transport
        try:
            yield
        finally:
            del self._transports[socket]

    async def close(self) -> None:
        """All are told that the server goes; those that do not take it in time are cut off."""
        await asyncio.gather(*(_say_goodbye(*opened) for opened in self._transports.items()))


async def _say_goodbye(socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
    try:
        async with asyncio.timeout(_GOODBYE_S):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down")
    except TimeoutError:
        transport.abort()
