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
    arrays = [_array(fragment) for fragment in fragments]
    first = arrays[0] if arrays else None
    if first is None or any(a is None or (a.dtype, a.shape) != (first.dtype, first.shape) for a in arrays):
        return array_head(len(fragments)) + b"".join(fragments)
    whole = _Array(first.dtype, [len(arrays), *first.shape], b"".join([a.data for a in arrays if a]))
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(_ARRAY_EXT, msgspec.msgpack.encode(whole)))


def _array(fragment: bytes) -> _Array | None:
    # Extension types begin with 0xc7 to 0xc9 or 0xd4 to 0xd8 (the MessagePack specification's table of formats).
    if not (0xC7 <= fragment[0] <= 0xC9 or 0xD4 <= fragment[0] <= 0xD8):  # noqa: PLR2004 - the table's own numbers
        return None
    ext = msgspec.msgpack.decode(fragment, type=msgspec.msgpack.Ext)
    return msgspec.msgpack.decode(ext.data, type=_Array) if ext.code == _ARRAY_EXT else None
