"""`/v2`, the native API: so far the routes with which instances are found and ended."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from gateway.body import json_response
from gateway.document import document
from gateway.instance import Instance
from gateway.routes import Route
from gateway.supervisor import Supervisor
from gateway.worker_log import MAX_BYTES as _LOG_BYTES
from protocol.errors import InvalidField


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
            Route("GET", "/v2/envs/{instance_id}/logs", self.logs),
            Route("GET", "/v2/envs/{instance_id}/stack", self.stack),
            Route("GET", "/v2/envs/{instance_id}/statistics", self.statistics),
        )

    async def list(self, _request: web.Request) -> web.Response:
        """The documents of all instances, the oldest first."""
        return json_response({"envs": [document(instance) for instance in self._supervisor]})

    async def describe(self, request: web.Request) -> web.Response:
        """One instance's document."""
        return json_response(document(self._find(request)))

    async def close(self, request: web.Request) -> web.Response:
        """Close the environment, then its process; its artifacts stay."""
        await self._supervisor.close(request.match_info["instance_id"])
        return web.Response(status=204)

    async def kill(self, request: web.Request) -> web.Response:
        """Kill the worker and all that it started, whatever it is doing; answers the crash report."""
        await request.read()
        report = await self._find(request).kill()
        return json_response(msgspec.structs.asdict(report))

    async def logs(self, request: web.Request) -> web.Response:
        """What the environment and its children have printed; `?tail=` gives only the last so many bytes."""
        tail = request.query.get("tail", str(_LOG_BYTES))
        if not tail.isdecimal():
            raise InvalidField(f"$.tail must be a number of bytes, not {tail!r:.40}")
        content = self._find(request).output_log.tail(min(int(tail), _LOG_BYTES))
        return web.Response(body=content, content_type="text/plain", charset="utf-8")

    async def stack(self, request: web.Request) -> web.Response:
        """Where the worker is just now: the Python stack of every thread, also while it hangs."""
        return web.Response(text=await self._find(request).stack())

    async def statistics(self, request: web.Request) -> web.Response:
        """Episodes, returns and latencies, counted outside the environment."""
        return json_response(self._find(request).statistics.document())

    def _find(self, request: web.Request) -> Instance:
        return self._supervisor.get(request.match_info["instance_id"])
