"""Connections: how many one address may have, and how long each may take to say what it wants.

A connection that has not sent a whole head yet is half-open. It gets a bounded time for that, and has to go as soon as
its address, or the server as a whole, has as many connections as it may and another one comes.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

MOST = 2048
_HEAD_S = 20.0
log = logging.getLogger(__name__)


class Connections:
    """Those of a server, on all of its ports; `most` are those of one address, unless that is a proxy's."""

    def __init__(
        self, most: int = MOST, is_proxy: Callable[[str | None], bool] = lambda _: False, head_s: float = _HEAD_S
    ) -> None:
        self.head_s = head_s
        self._most = most
        self._is_proxy = is_proxy
        self._most_in_all = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        self._total = 0
        self._counts: Counter[str] = Counter()
        self._half_open: dict[Connection, str] = {}  # the oldest first

    def enter(self, connection: "Connection", address: str) -> bool:
        """Whether there is room for it, if need be made by ending a half-open one."""
        is_full = self._counts[address] >= self._most and not self._is_proxy(address)
        if is_full and not self._end_one(address):
            return False
        if self._total >= self._most_in_all and not self._end_one(None):
            return False
        self._total += 1
        self._counts[address] += 1
        self.wait_for_head(connection, address)
        return True

    def leave(self, connection: "Connection", address: str) -> None:
        """It is closed."""
        self._half_open.pop(connection, None)
        self._total -= 1
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]

    def wait_for_head(self, connection: "Connection", address: str) -> None:
        """It has to say what it wants."""
        self._half_open[connection] = address

    def heard(self, connection: "Connection") -> None:
        """It has."""
        self._half_open.pop(connection, None)

    def _end_one(self, address: str | None) -> bool:
        for connection, at in self._half_open.items():
            if address in {None, at}:
                connection.abort()
                return True
        return False


class Connection(web.RequestHandler):
    """One connection; counted, and given up where a head does not come in time."""

    __slots__ = ("_address", "_bounds", "_is_new", "_timer")

    def __init__(self, bounds: Connections, server: web.Server, **settings: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        self._bounds = bounds
        self._address: str | None = None
        self._is_new = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serves it, unless there are too many."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if not self._bounds.enter(self, address):
            log.warning("a connection from %s is refused: there are too many", address)
            cast("asyncio.Transport", transport).abort()
            return
        self._address = address
        self._await_head()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Counts it no more."""
        if self._address is not None:
            self._bounds.leave(self, self._address)
            self._address = None
            self._stop_timer()
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came: a head, whole or in part, or some of a body."""
        super().data_received(data)
        if not self._waits_for_head():
            if self._timer:
                self._stop_timer()
                self._bounds.heard(self)
        elif data and self._timer is None and self._address is not None:
            self._bounds.wait_for_head(self, self._address)
            self._await_head()

    def abort(self) -> None:
        """Gives it up, whatever is on its way."""
        transport = self.transport
        if transport is not None:
            transport.abort()
            self.connection_lost(None)

    def _waits_for_head(self) -> bool:
        waiter = self._waiter
        if waiter is None and self._is_new and not self._messages:
            return True  # aiohttp's own task has not begun to wait for it
        self._is_new = False
        return waiter is not None and not waiter.done()

    def _await_head(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._bounds.head_s, self.abort)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
