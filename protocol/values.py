"""Arrays, observations and infos as JSON or MessagePack, and what a client sent as Python values.

Knows no spaces: what a value has to look like is the business of spaces.py and actions.py.
Only workers import this module; it needs NumPy.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgpack
import numpy as np
import orjson
from gymnasium.spaces import GraphInstance
from numpy.typing import NDArray

from protocol.errors import BadRequest
from protocol.messages import Format, Style

ARRAY_EXT = 1
"""MessagePack extension type of an array: the MessagePack array `[dtype, shape, bytes]`, C order, little-endian."""

_MAX_DEPTH = 64
_ORJSON = (
    orjson.OPT_SERIALIZE_NUMPY
    | orjson.OPT_NON_STR_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
_SAFE_DTYPE = re.compile(r"[<|][biufc][0-9]{1,2}")
_V1_INFINITY = 1e100  # what the servers of 2016 wrote, and their clients know


def write(value: Any, style: Style) -> bytes:
    """The value in the style that a client asked for; never fails, see `_repr`."""
    match style:
        case "msgpack":
            return write_msgpack(value)
        case "json":
            return write_json(value, _native_number)
        case "v1":
            return write_json(value, _v1_number, encodes_bools=True)
        case "json_base64":
            return orjson.dumps(_plain(value, _native_number, base64_arrays=True), option=_ORJSON)


def write_json(value: Any, number: Callable[[float], Any] | None = None, *, encodes_bools: bool = False) -> bytes:
    """Strict JSON (RFC 8259). Floats that are not finite go through `number`.

    orjson writes those as null, so a text without a null in it is right as it stands; only the others,
    and what orjson refuses, take the slow way through `_plain`.
    """
    try:
        text = orjson.dumps(value, option=_ORJSON)
    except (TypeError, RecursionError):
        text = b"null"
    if b"null" in text or (encodes_bools and (b"true" in text or b"false" in text)):
        plain = _plain(value, number or _native_number, encodes_bools=encodes_bools)
        return orjson.dumps(plain, option=_ORJSON)
    return text


def write_msgpack(value: Any) -> bytes:
    """MessagePack, arrays as extension type 1; bit for bit what the environment returned."""
    packed: bytes = msgpack.packb(_packable(value, 0))
    return packed


def read(data: bytes, data_format: Format) -> Any:
    """What a client sent, arrays of MessagePack as NumPy arrays.

    Raises:
        BadRequest: the bytes are not one value of the format.
    """
    if data_format == "json":
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadRequest(f"not JSON: {error}") from error
    try:
        return msgpack.unpackb(data, ext_hook=_read_ext, strict_map_key=True)
    except BadRequest:
        raise
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise BadRequest(f"not MessagePack: {error or type(error).__name__}") from error


def read_array(dtype: object, shape: object, data: object) -> NDArray[Any]:
    """The array with that dtype (NumPy's notation), shape and bytes (C order, little-endian); a read-only view.

    Raises:
        BadRequest: the three do not go together, or the dtype is not one of plain numbers.
    """
    if not isinstance(dtype, str) or not _SAFE_DTYPE.fullmatch(dtype):
        raise BadRequest(f'an array\'s dtype must be one of plain numbers such as "<f4", not {dtype!r:.40}')
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise BadRequest(f"an array's shape must be a list of sizes, not {shape!r:.80}")
    if not isinstance(data, bytes):
        raise BadRequest(f"an array's data must be bytes, not {type(data).__name__}")
    try:
        numpy_dtype = np.dtype(dtype)
    except TypeError as error:
        raise BadRequest(f"there is no dtype {dtype!r}") from error
    expected = math.prod(shape) * numpy_dtype.itemsize
    if expected != len(data):
        raise BadRequest(f"an array of shape {shape} and dtype {dtype} has {expected} bytes, but {len(data)} came")
    return np.frombuffer(data, numpy_dtype).reshape(shape)


def read_base64_array(value: Mapping[str, Any]) -> NDArray[Any]:
    """The array of `{"$array": base64, "dtype", "shape"}`.

    Raises:
        BadRequest: a key is missing or unknown, or the parts do not go together.
    """
    if set(value) != {"$array", "dtype", "shape"}:
        raise BadRequest('an array is {"$array", "dtype", "shape"}, all three and nothing else')
    try:
        data = base64.b64decode(value["$array"], validate=True)
    except (ValueError, TypeError) as error:
        raise BadRequest(f"$array must be base64: {error}") from error
    return read_array(value["dtype"], value["shape"], data)


def _read_ext(code: int, data: bytes) -> NDArray[Any]:
    if code != ARRAY_EXT:
        raise BadRequest(f"MessagePack extension type {code} is unknown; arrays are type {ARRAY_EXT}")
    parts = msgpack.unpackb(data)
    if not isinstance(parts, list) or len(parts) != 3:  # noqa: PLR2004 - [dtype, shape, bytes]
        raise BadRequest("an array is [dtype, shape, bytes]")
    return read_array(*parts)


def _native_number(number: float) -> Any:
    """As the JSON mapping of Protocol Buffers writes it."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _v1_number(number: float) -> Any:
    if math.isfinite(number):
        return number
    return None if math.isnan(number) else math.copysign(_V1_INFINITY, number)


def _repr(value: object) -> dict[str, str]:
    """What has no form in JSON or MessagePack is shown, never dropped."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - an environment's __repr__ may raise anything
        text = f"<{type(value).__name__} whose repr failed: {type(error).__name__}>"
    return {"$repr": text.encode("utf-8", "replace").decode()[:1000]}


def _is_text(value: str) -> bool:
    """A lone surrogate is a Python string, but no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _key(key: Any) -> str:
    if isinstance(key, np.generic):
        key = key.item()
    text = key if isinstance(key, str) else orjson_key(key)
    return text if _is_text(text) else text.encode("utf-8", "replace").decode()


def orjson_key(key: Any) -> str:
    """A key that is no string, as orjson writes it among others (`True` is "true")."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _plain(  # noqa: C901, PLR0911, PLR0912 - one flat list of types, each a line or two
    value: Any,
    number: Callable[[float], Any],
    depth: int = 0,
    *,
    base64_arrays: bool = False,
    encodes_bools: bool = False,
) -> Any:
    """The value built of what JSON has, floats passed through `number`."""

    def inner(part: Any) -> Any:
        return _plain(part, number, depth + 1, base64_arrays=base64_arrays, encodes_bools=encodes_bools)

    if depth > _MAX_DEPTH:
        return _repr(value)
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case bool():
            return int(value) if encodes_bools else value
        case None:
            return None
        case int():
            return value if -(2**63) <= value < 2**64 else _repr(value)
        case float():
            return number(value)
        case str():
            return value if _is_text(value) else _repr(value)
        case np.ndarray():
            if base64_arrays and value.dtype.kind in "biufc":
                dtype, shape, data = _array_parts(value)
                return {"$array": base64.b64encode(data).decode(), "dtype": dtype, "shape": shape}
            is_ready = value.dtype.kind in "iu" or (value.dtype.kind == "f" and np.isfinite(value).all())
            return _native(value) if is_ready else inner(value.tolist())
        case GraphInstance():
            return inner(value._asdict())
        case list() | tuple():
            return [inner(part) for part in value]
        case Mapping():
            return {_key(key): inner(part) for key, part in value.items()}
        case _:
            return _repr(value)


def _native(array: NDArray[Any]) -> Any:
    """The array so that orjson takes it: contiguous, of the machine's byte order; 0-d as a number."""
    if array.ndim == 0:
        return array.item()
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _array_parts(array: NDArray[Any]) -> tuple[str, list[int], bytes]:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return little.dtype.str, list(array.shape), little.tobytes()


def _packable(value: Any, depth: int) -> Any:  # noqa: C901, PLR0911 - one flat list of types
    """The value built of what MessagePack has, arrays as extension type 1."""
    if depth > _MAX_DEPTH:
        return _repr(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biufc":
            return msgpack.ExtType(ARRAY_EXT, msgpack.packb(_array_parts(value)))
        return _packable(value.tolist(), depth + 1)
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | float():
            return value
        case int():
            return int(value) if -(2**63) <= value < 2**64 else _repr(value)
        case str():
            return str(value) if _is_text(value) else _repr(value)
        case GraphInstance():
            return _packable(value._asdict(), depth + 1)
        case list() | tuple():
            return [_packable(part, depth + 1) for part in value]
        case Mapping():
            return {_key(key): _packable(part, depth + 1) for key, part in value.items()}
        case _:
            return _repr(value)
