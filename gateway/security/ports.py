"""How the server's applications are reached: behind one guard, with one bound for connections, with TLS or without."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.config import Config
from gateway.listening import listening
from gateway.routes import add_routes
from gateway.security.connections import Connections
from gateway.security.guard import Guard
from gateway.security.owners import Owners
from gateway.security.proxies import Proxies
from gateway.security.tls import Certificate


class Ports:
    """Those of one server; SIGHUP has its certificate read again.

    Raises:
        OSError: the certificate or its key cannot be used.
    """

    def __init__(self, config: Config, owners: Owners, access_log: logging.Logger | None) -> None:
        told = config.security
        certificate = Certificate(told.tls_cert, told.tls_key) if told.tls_cert else None
        if certificate:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, certificate.reload)
        self._tls = certificate.context if certificate else None
        self._host = config.host
        self._access_log = access_log
        self._guard = Guard(config, owners)
        self._connections = Connections(told.max_connections, Proxies(told.trusted_proxies).trusts)

    @contextlib.asynccontextmanager
    async def open(self, app: web.Application, port: int, *, has_streams: bool = False) -> AsyncIterator[str]:
        """The application answers at the URL that this yields, to those who may ask; in streams, if it has any.

        Raises:
            OSError: the address is not free, or none of this machine.
        """
        guard = self._guard
        app.middlewares.insert(0, guard.middleware())
        if has_streams:
            app.on_response_prepare.append(guard.before_body)
        add_routes(app, guard.routes())
        async with listening(
            app, self._host, port, self._access_log, connections=self._connections, tls=self._tls
        ) as url:
            guard.serve_on(int(url.rpartition(":")[2]))
            yield url
