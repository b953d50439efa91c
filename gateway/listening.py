"""Connections: where an application listens, and how long a client may leave one unused. Knows no routes."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.security.connections import Connection, Connections

_SHUTDOWN_S = 5.0
_UNREAD_S = 60.0
_HANDSHAKE_S = 10.0
_BACKLOG = 1024
_AT_ONCE = 64  # connections taken between two readings, so that none goes for a newer one before it was heard


@contextlib.asynccontextmanager
async def listening(
    app: web.Application,
    host: str,
    port: int,
    access_log: logging.Logger | None = None,
    unread_s: float = _UNREAD_S,
    *,
    connections: Connections | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """The app answers at the URL that this yields; a client that takes nothing of an answer for `unread_s` is dropped.

    Bodies are not unpacked: that would be work for the loop, of any size.

    Raises:
        OSError: the address is not free, or none of this machine.
    """
    logging.getLogger("aiohttp.server").addFilter(_is_no_strangers_fault)
    runner = web.AppRunner(app, access_log=access_log, shutdown_timeout=_SHUTDOWN_S, auto_decompress=False)
    await runner.setup()
    assert runner.server  # noqa: S101 - narrows; set-up makes it
    bounds = connections or Connections()
    settings = {"access_log": access_log, "auto_decompress": False}
    serve = partial(Connection, bounds, runner.server, **settings)
    handshake_s = _HANDSHAKE_S if tls else None  # asyncio takes a time for it with TLS alone
    try:
        server = await asyncio.get_running_loop().create_server(
            serve, host, port, backlog=_AT_ONCE, ssl=tls, ssl_handshake_timeout=handshake_s
        )
        try:
            for listener in server.sockets:  # connections inherit it
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(unread_s * 1000))
                with listener.dup() as same:
                    same.listen(_BACKLOG)  # those that wait to be taken are more than asyncio takes at once
            yield _url("https" if tls else "http", host, server.sockets[0].getsockname()[1])
        finally:
            server.close()
    finally:
        await runner.cleanup()


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _is_no_strangers_fault(record: logging.LogRecord) -> bool:
    """What is no HTTP is answered with 400, and is no error of the server."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
