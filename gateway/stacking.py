"""Equal arrays of several instances as one: `(N, *shape)` from N times `shape`, without decoding a number."""

import msgspec

from gateway.wire import array_head

_ARRAY_EXT = 1  # protocol/SPEC.md: the extension type of an array, `[dtype, shape, bytes]`


class _Array(msgspec.Struct, array_like=True):
    dtype: str
    shape: list[int]
    data: bytes


def stacked(fragments: list[bytes]) -> bytes:
    """The MessagePack of N observations: one array if all are arrays of one dtype and shape, else the list of them."""
    first = _array(fragments[0]) if fragments else None
    head = fragments[0][: len(fragments[0]) - len(first.data)] if first else b""
    # Those of one dtype and shape have the same bytes before their elements, as protocol/arrays.py writes them.
    if first is None or any(len(each) != len(fragments[0]) or not each.startswith(head) for each in fragments):
        return array_head(len(fragments)) + b"".join(fragments)
    whole = _Array(first.dtype, [len(fragments), *first.shape], b"".join([each[len(head) :] for each in fragments]))
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(_ARRAY_EXT, msgspec.msgpack.encode(whole)))


def _array(fragment: bytes) -> _Array | None:
    # Extension types begin with 0xc7 to 0xc9 or 0xd4 to 0xd8 (the MessagePack specification's table of formats).
    if not (0xC7 <= fragment[0] <= 0xC9 or 0xD4 <= fragment[0] <= 0xD8):  # noqa: PLR2004 - the table's own numbers
        return None
    ext = msgspec.msgpack.decode(fragment, type=msgspec.msgpack.Ext)
    return msgspec.msgpack.decode(ext.data, type=_Array) if ext.code == _ARRAY_EXT else None
