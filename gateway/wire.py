"""The two encodings of `/v2`: which one a client speaks, and objects put together from fragments in it."""

from typing import Any, NamedTuple

import msgspec

from gateway.accept import preferred
from protocol.errors import InvalidField, UnsupportedMediaType
from protocol.messages import Format, Style

JSON, MSGPACK = "application/json", "application/msgpack"
_PROBLEM = {"json": "application/problem+json", "msgpack": "application/problem+msgpack"}
_FLOATS = {float("inf"): b'"Infinity"', float("-inf"): b'"-Infinity"'}
_MAX_FIXED = 15


class Wire(NamedTuple):
    """What a client reads and writes: the format of its bodies, and the style of the replies."""

    reads: Format
    writes: Style

    @property
    def format(self) -> Format:
        """The encoding of replies, whatever form arrays have in it."""
        return "msgpack" if self.writes == "msgpack" else "json"

    @property
    def media_type(self) -> str:
        """What a reply is."""
        return MSGPACK if self.writes == "msgpack" else JSON

    @property
    def problem_type(self) -> str:
        """What an error is."""
        return _PROBLEM[self.format]

    def encode(self, value: Any) -> bytes:
        """A value of the gateway's own, with no arrays in it."""
        return msgspec.msgpack.encode(value) if self.writes == "msgpack" else msgspec.json.encode(value)

    def object(self, members: dict[str, bytes]) -> bytes:
        """An object of members that are encoded already."""
        if self.writes != "msgpack":
            return b"{" + b",".join([b'"%b":%b' % (name.encode(), value) for name, value in members.items()]) + b"}"
        head = bytes([0x80 | len(members)])  # a fixmap: there are never more than 15
        return head + b"".join([_packed_name(name) + value for name, value in members.items()])

    def list(self, items: list[bytes]) -> bytes:
        """A list of items that are encoded already."""
        if self.writes != "msgpack":
            return b"[" + b",".join(items) + b"]"
        return array_head(len(items)) + b"".join(items)

    def boolean(self, value: bool) -> bytes:
        """`true` or `false`."""
        if self.writes == "msgpack":
            return b"\xc3" if value else b"\xc2"
        return b"true" if value else b"false"

    def float(self, value: float) -> bytes:
        """A number; in JSON, one that is not finite as the string that stands for it."""
        if self.writes == "msgpack":
            return msgspec.msgpack.encode(value)
        return _FLOATS.get(value) or (msgspec.json.encode(value) if value == value else b'"NaN"')  # noqa: PLR0124 - NaN alone differs from itself


def array_head(length: int) -> bytes:
    """The beginning of a MessagePack array of so many items."""
    if length <= _MAX_FIXED:
        return bytes([0x90 | length])
    return b"\xdd" + length.to_bytes(4, "big")


def wire_of(content_type: str, accept: str, arrays: str | None) -> Wire:
    """The encodings that the headers of a request ask for; JSON where they leave it open.

    Raises:
        UnsupportedMediaType: the body has a type that this API does not speak.
        InvalidField: there is no such form of arrays.
    """
    reads: Format = "json"
    if content_type == MSGPACK:
        reads = "msgpack"
    elif content_type not in {JSON, "", "application/octet-stream"}:
        raise UnsupportedMediaType(f"the body is {content_type}; send {JSON} or {MSGPACK}")
    if arrays not in {None, "base64"}:
        raise InvalidField.at("$.arrays", f"must be base64 or left out, not {arrays!r:.40}")
    if wants_msgpack(accept):
        return Wire(reads, "msgpack")
    return Wire(reads, "json_base64" if arrays else "json")


def wants_msgpack(accept: str) -> bool:
    """Whether a client with this Accept header would rather have MessagePack; who wants neither gets JSON."""
    return preferred(accept, (JSON, MSGPACK)) == MSGPACK


_names: dict[str, bytes] = {}


def _packed_name(name: str) -> bytes:
    packed = _names.get(name)
    if packed is None:
        packed = _names[name] = msgspec.msgpack.encode(name)
    return packed
