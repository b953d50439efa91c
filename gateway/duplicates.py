"""Members that an object has twice: a decoder takes the last of them, and which one was meant only the client knows.

What a worker will read (an action, options) is left to it.
"""

from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from protocol.errors import BadRequest
from protocol.messages import Format


class _Name:
    """The name of a member; unequal to every other, so that a decoder keeps members of one name apart."""

    __slots__ = ("text",)

    def __init__(self, _type: type, text: str) -> None:
        self.text = text


_NESTED = frozenset({"labels", "limits", "wrappers", "video"})
"""The members that are objects, or lists of objects, for the gateway itself to read."""

_DEPTH = 2
_FIXMAP = 0x80  # the least byte that begins a map of up to 15 members
_OBJECTS: dict[Format, Any] = {
    "json": msgspec.json.Decoder(dict[_Name, Raw], dec_hook=_Name),
    "msgpack": msgspec.msgpack.Decoder(dict[_Name, Raw], dec_hook=_Name),
}
_LISTS: dict[Format, Any] = {"json": msgspec.json.Decoder(list[Raw]), "msgpack": msgspec.msgpack.Decoder(list[Raw])}
_OBJECT_HEADS: dict[Format, bytes] = {"json": b"{", "msgpack": bytes([*range(0x80, 0x90), 0xDE, 0xDF])}
_LIST_HEADS: dict[Format, bytes] = {"json": b"[", "msgpack": bytes([*range(0x90, 0xA0), 0xDC, 0xDD])}
"""How they begin, in MessagePack as in its specification's table of formats."""


def refuse_duplicates(decoded: msgspec.Struct, body: bytes, body_format: Format) -> None:
    """No object in the body, from which the struct has been decoded, has two members of one name.

    Raises:
        BadRequest: one has.
    """
    if _has_as_many_members_as_values(decoded, body, body_format):
        return
    for name, value in _members(body, body_format):
        if name in _NESTED:
            _look_into(bytes(value), body_format, _DEPTH)


def _has_as_many_members_as_values(decoded: msgspec.Struct, body: bytes, body_format: Format) -> bool:
    """Whether it is seen at a glance that there are no two members of one name, as in nearly all bodies.

    Each value that is not its default was given, so there are at least as many names as such values. In JSON every
    member has a colon; a map of MessagePack begins with the number of its members.
    """
    fields = _fields(type(decoded))
    values = fields.required
    for name, default in fields.optional:
        if getattr(decoded, name) is not default:
            values += 1
    if body_format == "json":
        return body.count(b":") == values
    return not fields.has_nested and body[0] == _FIXMAP | values


class _Fields(NamedTuple):
    required: int
    optional: tuple[tuple[str, Any], ...]
    has_nested: bool


@cache
def _fields(kind: type[msgspec.Struct]) -> _Fields:
    """What a struct has; those whose default is made anew each time are left out, as it is the same as nothing."""
    fields = msgspec.structs.fields(kind)
    optional = tuple((field.name, field.default) for field in fields if field.default is not msgspec.NODEFAULT)
    required = sum(field.required for field in fields) + (kind.__struct_config__.tag is not None)
    return _Fields(required, optional, any(field.encode_name in _NESTED for field in fields))


def _look_into(value: bytes, body_format: Format, depth: int) -> None:
    if value[0] in _OBJECT_HEADS[body_format]:
        _members(value, body_format)
    elif value[0] in _LIST_HEADS[body_format] and depth:
        for item in _LISTS[body_format].decode(value):
            _look_into(bytes(item), body_format, depth - 1)


def _members(value: bytes, body_format: Format) -> list[tuple[str, Raw]]:
    members = [(name.text, part) for name, part in _OBJECTS[body_format].decode(value).items()]
    if len(dict(members)) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadRequest(f"the body has {twice!r:.60} more than once in one object")
    return members
