"""The bodies of requests as structs, without reading what belongs to a worker, and of responses, spliced together."""

import asyncio
import re
from functools import cache
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateway.duplicates import refuse_duplicates
from gateway.routes import Handler
from protocol.errors import BadRequest, InvalidField, MissingField, UnsupportedMediaType
from protocol.messages import Format

T = TypeVar("T", bound=msgspec.Struct)

_EMPTY = frozenset({b"", b"null", b'""', b"[]", b"{}"})
_EMPTY_MSGPACK = frozenset({b"", b"\xc0", b"\xa0", b"\x90", b"\x80"})
_NOTHING: dict[Format, bytes] = {"json": b"{}", "msgpack": b"\x80"}
_NAMES: dict[Format, str] = {"json": "JSON", "msgpack": "MessagePack"}
_MISSING = re.compile(r"missing required field `(.+?)`")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
_MAX_SHOWN = 100
_BODY_S = 60.0
_AT = re.compile(r" - at `(\$.*)`$")
TRUE, FALSE = b"true", b"false"


def is_empty(body: bytes, body_format: Format = "json") -> bool:
    """Whether the body says nothing: no bytes, null, or an empty string, list or object."""
    return (body.strip() in _EMPTY) if body_format == "json" else body in _EMPTY_MSGPACK


@web.middleware
async def with_whole_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A handler begins when the body has come, so that it waits for nothing when it reads it.

    Raises:
        UnsupportedMediaType: the body is packed.
        BadRequest: it did not come, or not in time.
        PayloadTooLarge: as the server's limit says.
    """
    if request.can_read_body:
        if (coding := request.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise UnsupportedMediaType(f"the body is packed with {coding:.40}; send it as it is")
        if not request.content.is_eof():  # it mostly comes with the headers
            await _read(request)
    return await handler(request)


async def _read(request: web.Request) -> None:
    try:
        async with asyncio.timeout(_BODY_S):
            await request.read()
    except TimeoutError:
        raise BadRequest(f"the body did not come within {_BODY_S:.0f} s") from None
    except (ConnectionError, web.RequestPayloadError) as error:
        raise BadRequest(f"the body ended too early: {error}") from None


async def read_fields(request: web.Request, fields: type[T]) -> T:
    """The JSON body's fields, whatever its content type says; an empty body of any kind is an empty object.

    Raises:
        BadRequest: the body is not JSON, or no object.
        MissingField, InvalidField: a field is not there, or not of its type.
        PayloadTooLarge: as the server's limit says.
    """
    return decode_fields(await request.read(), fields)


def decode_fields(body: bytes, fields: type[T], body_format: Format = "json") -> T:
    """As `read_fields`, from bytes."""
    if is_empty(body, body_format):
        body = _NOTHING[body_format]
    try:
        decoded: T = _decoder(fields, body_format).decode(body)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    except msgspec.DecodeError as error:
        raise BadRequest(f"the body is not {_NAMES[body_format]}: {error}") from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from error
    refuse_duplicates(decoded, body, body_format)
    return decoded


@cache
def _decoder(fields: type[T], body_format: Format) -> Any:
    return msgspec.json.Decoder(fields) if body_format == "json" else msgspec.msgpack.Decoder(fields)


def invalid(message: str) -> BadRequest | InvalidField:
    """msgspec's message as an error of ours; it has no other form than the text."""
    at = _AT.search(message)
    text = _AT.sub("", message)
    place = at[1] if at else "$"
    if missing := _MISSING.search(text):
        return InvalidField.at(f"{place}.{missing[1]}", "is required") if at else MissingField(missing[1])
    if unknown := _UNKNOWN.search(text):
        return InvalidField.at(f"{place}.{unknown[1]:.{_MAX_SHOWN}}", "is unknown")
    if at is None:
        return BadRequest(f"the body must be a JSON object: {text}")
    return InvalidField.at(place, text)


def json_response(body: Any, status: int = 200) -> web.Response:
    """The body as JSON; bytes are JSON already."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return web.Response(status=status, body=content + b"\n", content_type="application/json")


def splice(**fragments: bytes) -> bytes:
    """A JSON object of these members, each already JSON."""
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), value) for name, value in fragments.items()) + b"}"


def json_bool(value: bool) -> bytes:
    """`true` or `false`."""
    return TRUE if value else FALSE
