"""Whether the server lives, whether it can create, and its figures: for machines that watch it."""

from collections.abc import Sequence

from aiohttp import web

from gateway.body import json_response
from gateway.metrics import Metrics
from gateway.routes import Route
from gateway.supervisor import Supervisor


class Health:
    """The handlers that load balancers, containers and Prometheus call."""

    def __init__(self, supervisor: Supervisor, metrics: Metrics) -> None:
        self._supervisor = supervisor
        self._metrics = metrics

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/healthz", self.healthz),
            Route("GET", "/readyz", self.readyz),
            Route("GET", "/metrics", self.metrics),
        )

    async def healthz(self, _request: web.Request) -> web.Response:
        """The gateway's loop answers."""
        return json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        """Whether an instance could be created now; 503 with the reason if not."""
        reason = self._supervisor.why_full()
        if reason:
            return json_response({"status": "unavailable", "reason": reason}, status=503)
        return json_response({"status": "ok"})

    async def metrics(self, _request: web.Request) -> web.Response:
        """The server's figures, in Prometheus' text format."""
        return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})
