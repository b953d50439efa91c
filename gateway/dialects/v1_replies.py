"""How `/v1` says things, where its two ancestors said them differently, or as nobody would today."""

import json

import msgspec
from aiohttp import web
from msgspec import Raw

from gateway.body import json_response
from gateway.dialects.v1_fields import Flag, is_true
from gateway.instance import Instance
from protocol.messages import Drawn, Member, Picture

_HTML = "text/html; charset=utf-8"


def v1_float(value: float) -> bytes:
    """A number as the clients of 2016 read it: 1e100 for infinity, null for what is no number."""
    if value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return b"null"
    return msgspec.json.encode(max(-1e100, min(value, 1e100)) if value in {float("inf"), float("-inf")} else value)


def strict(info: bytes) -> bytes:
    """What the seed's `info` says, in JSON: its bare Infinity is a number beyond all others, as everywhere else."""
    return msgspec.json.encode(json.loads(info, parse_constant=lambda name: Raw(v1_float(float(name)))))


def created(instance: Instance, env_id: str, status: int) -> web.Response:
    """Strings and nothing else; with what the id was taken for, where it is not what was asked for."""
    reply = {"instance_id": instance.instance_id}
    if instance.env_id != env_id:
        reply["resolved_environment"] = instance.env_id
    return json_response(reply, status)


def member(reply: object) -> web.Response:
    """`{"member"}`."""
    assert isinstance(reply, Member)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
    return json_response({"member": reply.is_member})


def done(instance: Instance) -> web.Response:
    """That it succeeded, in the instance's dialect."""
    return nothing() if instance.dialect == "http" else json_response({"message": True})


def nothing() -> web.Response:
    """204 with a content type, which the client in Haskell insists on."""
    return web.Response(status=204, headers={"Content-Type": _HTML})


def ending() -> web.Response:
    """That the server ends; typed like the answers of 204, as the same client insists."""
    return web.Response(text="Server shutting down", headers={"Content-Type": _HTML})


def picture_for(instance: Instance, render: Flag) -> Picture:
    """Clients of gym-http-api ask for a picture with every step, where it meant a window: they get the latest one."""
    if not is_true(render):
        return "none"
    return "latest" if instance.dialect == "http" else "numbered"


def rendered(instance: Instance, drawn: Drawn | None) -> dict[str, bytes]:
    """What the seed said of a picture, or why there is none; gym-http-api's clients expect nothing."""
    if drawn is None or instance.dialect == "http":
        return {}
    text = f"Error: {drawn.error}" if drawn.error is not None else f"successfully rendered: {drawn.name}"
    return {"render": msgspec.json.encode(text)}
