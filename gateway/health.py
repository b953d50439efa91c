"""Whether the server lives: for load balancers, containers and people."""

from collections.abc import Sequence

from aiohttp import web

from gateway.body import json_response
from gateway.routes import Route


def health_routes() -> Sequence[Route]:
    """`/healthz`: the gateway's loop answers."""
    return (Route("GET", "/healthz", _healthz),)


async def _healthz(_request: web.Request) -> web.Response:
    return json_response({"status": "ok"})
