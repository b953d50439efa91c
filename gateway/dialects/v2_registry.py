"""The registry of `/v2`: what can be created on this server."""

from collections.abc import Sequence

from aiohttp import web

from gateway.dialects.v2 import reply, wire_of_request
from gateway.registry import Registry
from gateway.routes import Route


class V2Registry:
    """The handlers; hold no state."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/v2/registry", self.list),
            Route("GET", "/v2/registry/{env_id:.+[^/]}", self.describe),
        )

    async def list(self, request: web.Request) -> web.Response:
        """What can be created; `?q=` narrows it to ids that have the text in them. Slow the first time."""
        wire, wanted = wire_of_request(request), request.query.get("q", "").lower()
        entries = [entry for entry in await self._registry.listing() if wanted in entry["env_id"].lower()]
        return reply(wire.encode({"environments": entries}), wire)

    async def describe(self, request: web.Request) -> web.Response:
        """One environment with its spaces, or with the reason why it cannot be made here."""
        wire = wire_of_request(request)
        return reply(wire.encode(await self._registry.details(request.match_info["env_id"])), wire)
