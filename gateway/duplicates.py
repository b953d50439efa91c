"""Members that an object has twice: a decoder takes the last of them, and which one was meant only the client knows.

What a worker will read (an action, options) is left to it.
"""

from typing import Any

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
_OBJECTS: dict[Format, Any] = {
    "json": msgspec.json.Decoder(dict[_Name, Raw], dec_hook=_Name),
    "msgpack": msgspec.msgpack.Decoder(dict[_Name, Raw], dec_hook=_Name),
}
_LISTS: dict[Format, Any] = {"json": msgspec.json.Decoder(list[Raw]), "msgpack": msgspec.msgpack.Decoder(list[Raw])}
_OBJECT_HEADS: dict[Format, bytes] = {"json": b"{", "msgpack": bytes([*range(0x80, 0x90), 0xDE, 0xDF])}
_LIST_HEADS: dict[Format, bytes] = {"json": b"[", "msgpack": bytes([*range(0x90, 0xA0), 0xDC, 0xDD])}
"""How they begin, in MessagePack as in its specification's table of formats."""


def refuse_duplicates(body: bytes, body_format: Format) -> None:
    """No object in the body, which has been decoded already, has two members of one name.

    Raises:
        BadRequest: one has.
    """
    for name, value in _members(body, body_format):
        if name in _NESTED:
            _look_into(bytes(value), body_format, _DEPTH)


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
