"""The bodies of requests as structs, without reading what belongs to a worker, and of responses, spliced together."""

import re
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from protocol.errors import BadRequest, InvalidField, MissingField
from protocol.messages import FieldError

T = TypeVar("T", bound=msgspec.Struct)

_EMPTY = frozenset({b"", b"null", b'""', b"[]", b"{}"})
_MISSING = re.compile(r"missing required field `(.+?)`")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
_AT = re.compile(r" - at `(\$.*)`$")
TRUE, FALSE = b"true", b"false"


async def read_fields(request: web.Request, fields: type[T]) -> T:
    """The JSON body's fields, whatever its content type says; an empty body of any kind is an empty object.

    Raises:
        BadRequest: the body is not JSON, or no object.
        MissingField, InvalidField: a field is not there, or not of its type.
        PayloadTooLarge: as the server's limit says.
    """
    body = (await request.read()).strip()
    return decode_fields(b"{}" if body in _EMPTY else body, fields)


def decode_fields(body: bytes, fields: type[T]) -> T:
    """As `read_fields`, from bytes."""
    try:
        return msgspec.json.decode(body, type=fields)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except msgspec.DecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body cannot be read: {type(error).__name__}") from error


def _invalid(message: str) -> BadRequest | InvalidField:
    """msgspec's message as an error of ours; it has no other form than the text."""
    at = _AT.search(message)
    text = _AT.sub("", message)
    if missing := _MISSING.search(text):
        return MissingField(missing[1]) if at is None else InvalidField(f"{at[1]}.{missing[1]} is required")
    if unknown := _UNKNOWN.search(text):
        path = f"{at[1] if at else '$'}.{unknown[1]}"
        return InvalidField(f"{path} is unknown", errors=(FieldError(path, "is unknown"),))
    if at is None:
        return BadRequest(f"the body must be a JSON object: {text}")
    return InvalidField(f"{at[1]}: {text}", errors=(FieldError(at[1], text),))


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
