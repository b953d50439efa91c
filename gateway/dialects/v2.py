"""`/v2`, the native API: so far the routes with which instances are found and ended."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from gateway.body import json_response
from gateway.document import document
from gateway.routes import Route
from gateway.supervisor import Supervisor


class V2:
    """The handlers of `/v2`; holds the supervisor and no state."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/v2/envs", self.list),
            Route("GET", "/v2/envs/{instance_id}", self.describe),
            Route("DELETE", "/v2/envs/{instance_id}", self.close),
            Route("POST", "/v2/envs/{instance_id}/kill", self.kill),
        )

    async def list(self, _request: web.Request) -> web.Response:
        """The documents of all instances, the oldest first."""
        return json_response({"envs": [document(instance) for instance in self._supervisor]})

    async def describe(self, request: web.Request) -> web.Response:
        """One instance's document."""
        return json_response(document(self._supervisor.get(request.match_info["instance_id"])))

    async def close(self, request: web.Request) -> web.Response:
        """Close the environment, then its process; its artifacts stay."""
        await self._supervisor.close(request.match_info["instance_id"])
        return web.Response(status=204)

    async def kill(self, request: web.Request) -> web.Response:
        """Kill the worker and all that it started, whatever it is doing; answers the crash report."""
        await request.read()
        report = await self._supervisor.get(request.match_info["instance_id"]).kill()
        return json_response(msgspec.structs.asdict(report))
