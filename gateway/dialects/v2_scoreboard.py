"""The scoreboard of `/v2`: uploads of what instances recorded, and the evaluations that came of them."""

from collections.abc import Sequence
from functools import partial

import msgspec
from aiohttp import web

from gateway.dialects.v2 import key_of, read_request, reply, wire_of_request
from gateway.dialects.v2_fields import UploadFields
from gateway.routes import Route
from gateway.scoreboard import Scoreboard
from gateway.supervisor import Supervisor
from gateway.uploads import Uploads
from protocol.errors import InvalidField

_MOST = 200  # with long write-ups some ten megabytes, which the loop encodes at one go


class V2Scoreboard:
    """The handlers; hold no state."""

    def __init__(self, supervisor: Supervisor, scoreboard: Scoreboard, uploads: Uploads) -> None:
        self._supervisor = supervisor
        self._scoreboard = scoreboard
        self._uploads = uploads

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("POST", "/v2/envs/{instance_id}/upload", self.upload),
            Route("GET", "/v2/scoreboard", self.list),
            Route("GET", "/v2/scoreboard/{evaluation_id}", self.describe),
        )

    async def upload(self, request: web.Request) -> web.Response:
        """Score what the instance has recorded; its evaluation is on disk when this is answered."""
        wire, fields = await read_request(request, UploadFields)
        key, instance_id = key_of(request), request.match_info["instance_id"]
        upload = partial(self._uploads.upload, self._supervisor.recorded(instance_id), **msgspec.structs.asdict(fields))
        evaluation = await self._uploads.creations.once(key.text if key else None, (instance_id, fields), upload)
        return reply(wire.encode(evaluation), wire, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """The evaluations, best first; `?env_id=`, `?algorithm_id=`, `?limit=` and `?offset=` narrow it.

        With them, how many there are in all, and of which environments there are any.
        """
        wire, query = wire_of_request(request), request.query
        limit, offset = _number(request, "limit", 100), _number(request, "offset", 0)
        env_id, algorithm_id = query.get("env_id"), query.get("algorithm_id")
        evaluations = await self._scoreboard.ranked(env_id, algorithm_id, min(limit, _MOST), offset)
        environments = await self._scoreboard.environments(algorithm_id)
        total = sum(each.evaluations for each in environments if env_id in (None, each.env_id))
        return reply(wire.encode({"evaluations": evaluations, "total": total, "environments": environments}), wire)

    async def describe(self, request: web.Request) -> web.Response:
        """One evaluation."""
        wire = wire_of_request(request)
        return reply(wire.encode(await self._scoreboard.find(request.match_info["evaluation_id"])), wire)


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 - what SQLite and any table take
        raise InvalidField.at(f"$.{name}", f"must be a whole number, not {text!r:.40}")
    return int(text)
