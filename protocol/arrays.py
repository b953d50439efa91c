"""Arrays as bytes: extension type 1 of MessagePack, and `{"$array", "dtype", "shape"}` in JSON.

Knows no spaces, and nothing of the value that an array is part of. Only workers import this module; it needs NumPy.
"""

import base64
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeGuard

import msgpack
import numpy as np
from numpy.typing import NDArray

from protocol.errors import BadRequest

EXTENSION = 1
"""MessagePack extension type of an array: the MessagePack array `[dtype, shape, bytes]`, C order, little-endian."""

_MAX_DIMENSIONS = 64  # NumPy's own limit; without it, the product of a million sizes would be taken
_DTYPES = {dtype.str: dtype for dtype in (np.dtype(code).newbyteorder("<") for code in "?bhilqBHILQefdFD")}


@lru_cache(maxsize=64)
def sent_dtype(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The dtype in which such an array is sent, little-endian; None where its elements are no numbers.

    A long double is sent as the nearest double: its own bytes mean something else on every machine.
    """
    if dtype.char in "gG":
        return _DTYPES["<f8" if dtype.char == "g" else "<c16"]
    return _DTYPES.get(dtype.newbyteorder("<").str)


class _Kind:
    """A kind of array, one dtype and shape, and what comes before the elements of all arrays of it."""

    dtype: np.dtype[Any] | None = None
    shape: tuple[int, ...] = ()
    header = b""


_BIN, _EXT = 0xC4, 0xC7  # the first bytes of those with a length of one byte; two and four follow
_FIXED = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}  # the first bytes of "ext" of these lengths
_LARGE_BYTES = 16 * 1024
_last = _Kind()
"""That of the last array: observations of one environment mostly are of one kind, and its look-up costs as much."""


def pack_array(array: NDArray[Any]) -> bytes | None:
    """The array as MessagePack; None where its elements are no numbers."""
    if array.dtype is _last.dtype and array.shape == _last.shape and type(array) is np.ndarray:
        return _behind(_last.header, array)
    if sent_dtype(array.dtype) is None:
        return None
    sent = _as_sent(array)
    header = _header(sent.dtype, sent.shape)
    if sent is array:
        _last.dtype, _last.shape, _last.header = array.dtype, array.shape, header
    return _behind(header, sent)


def _behind(header: bytes, array: NDArray[Any]) -> bytes:
    """The header and the elements; large arrays are copied once, small ones quickly."""
    if array.nbytes > _LARGE_BYTES and array.flags.c_contiguous:
        return b"".join((header, array.data))
    return header + array.tobytes()


def array_extension(array: NDArray[Any]) -> msgpack.ExtType:
    """The array of numbers as what msgpack packs within another value."""
    array = _as_sent(array)
    return msgpack.ExtType(EXTENSION, msgpack.packb((array.dtype.str, array.shape, array.tobytes())))


def base64_array(array: NDArray[Any]) -> dict[str, Any]:
    """The array of numbers as an object of JSON."""
    array = _as_sent(array)
    text = base64.b64encode(array.tobytes()).decode()
    return {"$array": text, "dtype": array.dtype.str, "shape": list(array.shape)}


def read_extension(code: int, data: bytes) -> NDArray[Any]:
    """The array of a MessagePack extension; a read-only view.

    Raises:
        BadRequest: it is of another type, or its parts do not go together.
    """
    if code != EXTENSION:
        raise BadRequest(f"MessagePack extension type {code} is unknown; arrays are type {EXTENSION}")
    try:
        dtype, shape, content = msgpack.unpackb(data)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise BadRequest("an array is the MessagePack array [dtype, shape, bytes]") from error
    return _array(dtype, shape, content)


def read_base64_array(value: Mapping[str, Any]) -> NDArray[Any]:
    """The array of `{"$array": base64, "dtype", "shape"}`; a read-only view.

    Raises:
        BadRequest: a key is missing or unknown, or the parts do not go together.
    """
    if set(value) != {"$array", "dtype", "shape"}:
        raise BadRequest('an array is {"$array", "dtype", "shape"}, all three and nothing else')
    try:
        content = base64.b64decode(value["$array"], validate=True)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"$array must be base64: {error}") from error
    return _array(value["dtype"], value["shape"], content)


def _array(dtype: object, shape: object, content: object) -> NDArray[Any]:
    known = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if known is None:
        raise BadRequest(f'an array\'s dtype is one of plain numbers such as "<f4", not {dtype!r:.40}')
    if not _is_shape(shape):
        raise BadRequest(f"an array's shape is a list of at most {_MAX_DIMENSIONS} sizes, not {shape!r:.80}")
    if not isinstance(content, bytes):
        raise BadRequest(f"an array's content is bytes, not {type(content).__name__}")
    expected = math.prod(shape) * known.itemsize
    if expected != len(content):
        raise BadRequest(f"an array of {dtype} and shape {shape!r:.80} has {expected} bytes, but {len(content)} came")
    try:
        return np.frombuffer(content, known).reshape(shape)
    except ValueError as error:  # a size of 0 beside one that no memory could hold
        raise BadRequest(f"there is no array of shape {shape!r:.80}: {error}") from error


def _is_shape(shape: object) -> TypeGuard[list[int]]:
    return (
        isinstance(shape, list)
        and len(shape) <= _MAX_DIMENSIONS
        and all(type(size) is int and size >= 0 for size in shape)
    )


def _as_sent(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself where its elements lie as they are sent, else a copy in which they do."""
    return np.asarray(array, sent_dtype(array.dtype), order="C")


@lru_cache(maxsize=64)
def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What comes before the elements; it is the same for all arrays of that dtype and shape."""
    size = dtype.itemsize * math.prod(shape)
    inner: bytes = b"\x93" + msgpack.packb(dtype.str) + msgpack.packb(shape) + _sized(_BIN, size)
    return _sized(_EXT, len(inner) + size) + bytes([EXTENSION]) + inner


def _sized(first: int, size: int) -> bytes:
    """The head of a "bin" or "ext" of so many bytes (MessagePack's specification), made without the bytes."""
    if first == _EXT and size in _FIXED:
        return bytes([_FIXED[size]])
    width = next((width for width in (1, 2) if size < 1 << 8 * width), 4)
    return bytes([first + width.bit_length() - 1]) + size.to_bytes(width, "big")
