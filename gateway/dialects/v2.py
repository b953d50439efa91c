"""`/v2` over REST: from a request to an operation and back. Holds no state."""

import asyncio
import os
import stat
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec
from aiohttp import hdrs, web

from gateway.accept import preferred
from gateway.body import decode_fields
from gateway.dialects.v2_fields import (
    MAX_KEY,
    ContainsFields,
    CreateFields,
    Fields,
    ForkFields,
    ManyResetFields,
    ManyStepFields,
    NoFields,
    ResetFields,
    SampleFields,
    StartMonitorFields,
    StepFields,
)
from gateway.dialects.v2_operations import Operations, encoded_document
from gateway.errors import tell_replay
from gateway.instance import Instance
from gateway.lifecycle import State
from gateway.replay import Key
from gateway.routes import Route
from gateway.supervisor import Supervisor
from gateway.wire import Wire, wire_of
from gateway.worker_log import MAX_BYTES as _LOG_BYTES
from protocol.errors import InternalError, InvalidField, NotYetSupported, Unsupported
from protocol.messages import CloseMonitor, DescribeMonitor, Draw, Drew, Fragment, PictureKind, SpaceName

F = TypeVar("F", bound=Fields)

_PICTURES: dict[str, PictureKind] = {"image/png": "png", "image/jpeg": "jpeg", "text/plain": "text"}


class V2:
    """The handlers of `/v2`; `artifacts_port` is where its clients find pictures."""

    def __init__(self, supervisor: Supervisor, artifacts_port: int) -> None:
        self._supervisor = supervisor
        self._operations = Operations(supervisor)
        self._artifacts_port = artifacts_port

    def routes(self) -> Sequence[Route]:
        """All routes."""
        one = "/v2/envs/{instance_id}"
        spaces = "{space:action_space|observation_space}"
        return (
            Route("POST", "/v2/envs", self.create),
            Route("GET", "/v2/envs", self.list),
            Route("POST", "/v2/step", self.step_many),
            Route("POST", "/v2/reset", self.reset_many),
            Route("GET", one, self.describe),
            Route("DELETE", one, self.close),
            Route("POST", f"{one}/kill", self.kill),
            Route("POST", f"{one}/reset", self.reset),
            Route("POST", f"{one}/step", self.step),
            Route("GET", f"{one}/render", self.render),
            Route("GET", f"{one}/{spaces}", self.space),
            Route("POST", f"{one}/{spaces}/sample", self.sample),
            Route("POST", f"{one}/{spaces}/contains", self.contains),
            Route("POST", f"{one}/monitor/start", self.start_monitor),
            Route("POST", f"{one}/monitor/close", self.close_monitor),
            Route("GET", f"{one}/monitor", self.monitor),
            Route("POST", f"{one}/fork", self.fork),
            Route("GET", f"{one}/logs", self.logs),
            Route("GET", f"{one}/stack", self.stack),
            Route("GET", f"{one}/statistics", self.statistics),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Make an environment, or `count` of them side by side."""
        wire, fields = await read_request(request, CreateFields)
        body, instances = await self._operations.create(fields, wire, key_of(request))
        response = reply(body, wire, status=201)
        if fields.count is None:
            response.headers["Location"] = f"/v2/envs/{instances[0].instance_id}"
        return response

    async def list(self, request: web.Request) -> web.Response:
        """The documents of all instances, the oldest first; `?label=k:v` and `?state=` narrow it."""
        wire = wire_of_request(request)
        state, labels = _choice(request)
        chosen = [i for i in self._supervisor if state in {None, i.state} and labels <= set(i.labels.items())]
        return reply(wire.object({"envs": wire.list([encoded_document(i, wire) for i in chosen])}), wire)

    async def describe(self, request: web.Request) -> web.Response:
        """One instance's document."""
        wire = wire_of_request(request)
        return reply(encoded_document(self._find(request), wire), wire)

    async def close(self, request: web.Request) -> web.Response:
        """Close the environment, then its process; its artifacts stay. Closing twice is no error."""
        await self._supervisor.close(request.match_info["instance_id"])
        return web.Response(status=204)

    async def kill(self, request: web.Request) -> web.Response:
        """Kill the worker and all that it started, whatever it is doing; answers the crash report."""
        wire, _ = await read_request(request, NoFields)
        return reply(await self._operations.kill(self._find(request), wire, key_of(request)), wire)

    async def reset(self, request: web.Request) -> web.Response:
        """Begin an episode."""
        wire, fields = await read_request(request, ResetFields)
        url = self._artifacts_url(request) if fields.render else ""
        return reply(await self._operations.reset(self._find(request), fields, wire, key_of(request), url), wire)

    async def step(self, request: web.Request) -> web.Response:
        """Take an action, or several."""
        wire, fields = await read_request(request, StepFields)
        url = self._artifacts_url(request) if fields.render else ""
        return reply(await self._operations.step(self._find(request), fields, wire, key_of(request), url), wire)

    async def step_many(self, request: web.Request) -> web.Response:
        """Take one action in each of several instances, all at the same time."""
        wire, fields = await read_request(request, ManyStepFields)
        return reply(await self._operations.step_many(fields, wire, key_of(request)), wire)

    async def reset_many(self, request: web.Request) -> web.Response:
        """Begin an episode in each of several instances, all at the same time."""
        wire, fields = await read_request(request, ManyResetFields)
        return reply(await self._operations.reset_many(fields, wire, key_of(request)), wire)

    async def render(self, request: web.Request) -> web.Response:
        """The picture of now: image/png, image/jpeg or text/plain, as `Accept` says."""
        wanted = preferred(request.headers.get("Accept", ""), tuple(_PICTURES)) or "image/png"
        media_type, content = await picture(self._find(request), _PICTURES[wanted])
        return web.Response(body=content, content_type=media_type, headers={"Cache-Control": "no-store"})

    async def space(self, request: web.Request) -> web.Response:
        """The description of a space, from which a client can rebuild it."""
        wire = wire_of_request(request)
        made = self._find(request).made
        if made is None:
            raise InternalError("the instance has no environment yet")
        text = getattr(made, request.match_info["space"])
        return reply(text if wire.writes != "msgpack" else wire.encode(msgspec.json.decode(text)), wire)

    async def sample(self, request: web.Request) -> web.Response:
        """Draw members of a space."""
        wire, fields = await read_request(request, SampleFields)
        space = _space_name(request)
        return reply(await self._operations.sample(self._find(request), space, fields, wire, key_of(request)), wire)

    async def contains(self, request: web.Request) -> web.Response:
        """Tell whether a value is a member of a space."""
        wire, fields = await read_request(request, ContainsFields)
        space = _space_name(request)
        return reply(await self._operations.contains(self._find(request), space, fields, wire, key_of(request)), wire)

    async def start_monitor(self, request: web.Request) -> web.Response:
        """Record episodes into the instance's `simulation/`."""
        wire, fields = await read_request(request, StartMonitorFields)
        instance = self._find(request)
        await self._operations.start_monitor(instance, fields, key_of(request))
        return reply(wire.encode({"is_recording": instance.is_recording}), wire)

    async def close_monitor(self, request: web.Request) -> web.Response:
        """Stop recording; its files are whole."""
        wire, _ = await read_request(request, NoFields)
        instance = self._find(request)
        await instance.ask(CloseMonitor(), key_of(request))
        return reply(wire.encode({"is_recording": instance.is_recording}), wire)

    async def monitor(self, request: web.Request) -> web.Response:
        """Whether episodes are recorded, and the `problem` with it, if there is one."""
        wire = wire_of_request(request)
        told = await self._find(request).ask(DescribeMonitor())
        assert isinstance(told, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return reply(wire.encode(msgspec.json.decode(told.body)), wire)

    async def fork(self, request: web.Request) -> web.Response:
        """Snapshots are not there yet."""
        await read_request(request, ForkFields)
        self._find(request)
        raise refuse_fork()

    async def logs(self, request: web.Request) -> web.Response:
        """What the environment and its children have printed; `?tail=` gives only the last so many bytes."""
        tail = request.query.get("tail", str(_LOG_BYTES))
        if not tail.isdecimal():
            raise InvalidField.at("$.tail", f"must be a number of bytes, not {tail!r:.40}")
        content = self._find(request).output_log.tail(min(int(tail), _LOG_BYTES))
        return web.Response(body=content, content_type="text/plain", charset="utf-8")

    async def stack(self, request: web.Request) -> web.Response:
        """Where the worker is just now: the Python stack of every thread, also while it hangs."""
        return web.Response(text=await self._find(request).stack())

    async def statistics(self, request: web.Request) -> web.Response:
        """Episodes, returns and latencies, counted outside the environment."""
        wire = wire_of_request(request)
        return reply(wire.encode(self._find(request).statistics.document()), wire)

    def _find(self, request: web.Request) -> Instance:
        return self._supervisor.get(request.match_info["instance_id"])

    def _artifacts_url(self, request: web.Request) -> str:
        return f"{request.scheme}://{request.url.host}:{self._artifacts_port}"


async def read_request(request: web.Request, fields: type[F]) -> tuple[Wire, F]:
    """The body's fields, and how the client wants to be answered."""
    body = await request.read()
    wire = wire_of_request(request, has_body=bool(body))
    return wire, decode_fields(body, fields, wire.reads)


def wire_of_request(request: web.Request, *, has_body: bool = False) -> Wire:
    """How the client wants to be answered."""
    headers = request.headers
    content_type = headers.get(hdrs.CONTENT_TYPE, "") if has_body else ""
    arrays = request.query.get("arrays") if request.rel_url.raw_query_string else None
    return _wire(content_type, headers.get(hdrs.ACCEPT, ""), arrays)


@lru_cache(maxsize=256)
def _wire(content_type: str, accept: str, arrays: str | None) -> Wire:
    return wire_of(content_type.partition(";")[0].strip().lower(), accept, arrays)


def reply(body: bytes, wire: Wire, status: int = 200) -> web.Response:
    """A response with a body that is encoded already."""
    if wire.writes != "msgpack":
        body += b"\n"
    response = web.Response(status=status, body=body, content_type=wire.media_type)
    tell_replay(response)
    return response


def key_of(request: web.Request) -> Key | None:
    """The Idempotency-Key of a request, if it has one."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    if not 0 < len(text) <= MAX_KEY:
        raise InvalidField.at("Idempotency-Key", f"must have 1 to {MAX_KEY} characters, not {len(text)}")
    return Key(text)


def _space_name(request: web.Request) -> SpaceName:
    return "action_space" if request.match_info["space"] == "action_space" else "observation_space"


def _choice(request: web.Request) -> tuple[str | None, set[tuple[str, str]]]:
    """The state and the labels that the query asks for."""
    state = request.query.get("state")
    if state is not None and state not in tuple(State):
        raise InvalidField.at("$.state", f"must be one of {', '.join(State)}, not {state!r:.40}")
    labels = [label.partition(":") for label in request.query.getall("label", [])]
    if not all(colon for _, colon, _ in labels):
        raise InvalidField.at("$.label", "must have a colon between its name and its value")
    return state, {(name, value) for name, _, value in labels}


async def picture(instance: Instance, kind: PictureKind) -> tuple[str, bytes]:
    """The media type and the bytes of a picture of now."""
    drew = await instance.ask(Draw(kind))
    assert isinstance(drew, Drew)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
    media_type = next(name for name, of in _PICTURES.items() if of == kind)
    return media_type, await asyncio.to_thread(_picture, instance.folder / "rendered" / drew.name)


def refuse_fork() -> NotYetSupported:
    """What there is instead of snapshots."""
    return NotYetSupported("this server cannot fork an instance yet")


def _picture(path: Path) -> bytes:
    """The file that the worker has just written, and nothing that an environment may have put in its place."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Unsupported(f"{path.name} is no regular file any more")
        return file.read()
