"""Observations, infos and descriptions as JSON or MessagePack, and what a client sent as Python values.

Knows no spaces: what a value has to look like is the business of spaces.py and actions.py.
Only workers import this module; it needs NumPy.
"""

import json
import math
from typing import Any

import msgpack
import numpy as np
import orjson

from protocol.arrays import array_extension, base64_array, pack_array, read_extension
from protocol.errors import BadRequest
from protocol.messages import Format, Style
from protocol.plain import Form, dump_json, plain

_V1_INFINITY = 1e100  # what the servers of 2016 wrote, and their clients know
_TWICE_ROUNDED = b"7.038531e-26"
"""The one float32 whose fewest digits give another float32 where they are read as a double first."""
_CONTAINERS = frozenset((*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF))  # how arrays and maps begin in MessagePack
_FIXINT = 0x7F  # up to it, a byte is the integer that it stands for
_TIMESTAMPS = (b"\xd6\xff", b"\xd7\xff", b"\xc7\x0c\xff")  # how its timestamps begin


def write(value: Any, style: Style) -> bytes:
    """An observation, or any other value, in the style that a client asked for; never raises, see plain.py."""
    return write_msgpack(value) if style == "msgpack" else write_json(value, _FORMS[style])


def write_info(info: Any, style: Style) -> bytes:
    """An info in the style that a client asked for: as `write`, but in `v1` too its booleans are booleans."""
    if type(info) is dict and not info:  # as most are
        return b"\x80" if style == "msgpack" else b"{}"
    return write_json(info, _V1_INFO) if style == "v1" else write(info, style)


def write_msgpack(value: Any) -> bytes:
    """MessagePack, arrays as extension type 1: bit for bit what the environment returned."""
    if isinstance(value, np.ndarray) and (array := pack_array(value)) is not None:
        return array
    packed: bytes = msgpack.packb(plain(value, _MSGPACK))
    return packed


def write_json(value: Any, form: Form | None = None) -> bytes:
    """Strict JSON (RFC 8259), floats that are not finite as strings unless the form says otherwise.

    What orjson writes without a null is right as it stands; the others, and what it refuses, take the slow way.
    """
    form = form or _JSON
    try:
        text = b"null" if form.array else dump_json(value)
    except TypeError:
        text = b"null"
    if b"null" in text or _TWICE_ROUNDED in text or (form is _V1 and (b"true" in text or b"false" in text)):
        return dump_json(plain(value, form))
    return text


def read(data: bytes, data_format: Format) -> Any:
    """What a client sent, arrays of MessagePack as read-only NumPy arrays.

    Raises:
        BadRequest: the bytes are not one value of the format, or it names a member of an object twice.
    """
    return _read_json(data) if data_format == "json" else _read_msgpack(data)


def _read_json(data: bytes) -> Any:
    try:
        value = orjson.loads(data)
        if b"{" in data:
            _MEMBERS.decode(data.decode())
    except ValueError as error:
        raise BadRequest(f"not JSON: {error}") from error
    except RecursionError as error:
        raise BadRequest("not JSON that can be read: it is nested too deeply") from error
    return value


def _read_msgpack(data: bytes) -> Any:
    if len(data) == 1 and data[0] <= _FIXINT:
        return data[0]  # as most actions are
    try:
        if data[:1] and data[0] in _CONTAINERS:
            _skip(data)
        value = msgpack.unpackb(data, ext_hook=read_extension, object_pairs_hook=_unique)
    except (ValueError, msgpack.UnpackException) as error:
        raise BadRequest(f"not MessagePack: {error or type(error).__name__}") from error
    if not isinstance(value, np.ndarray) and any(mark in data for mark in _TIMESTAMPS):
        _refuse_timestamps(value)
    return value


def _skip(data: bytes) -> None:
    """Every container holds what it announces; unpackb would set memory aside for the announcement alone."""
    unpacker = msgpack.Unpacker(max_buffer_size=len(data))
    unpacker.feed(data)
    unpacker.skip()


def _refuse_timestamps(value: Any) -> None:
    """MessagePack's own extension is read without asking us."""
    if isinstance(value, msgpack.Timestamp):
        raise BadRequest("MessagePack extension type -1, a timestamp, stands for no value here")
    if isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            _refuse_timestamps(part)


def _unique(members: list[tuple[Any, Any]]) -> dict[str, Any]:
    """An object of these members; JSON and MessagePack leave open what a name given twice means."""
    named: dict[str, Any] = {}
    for name, value in members:
        if not isinstance(name, str):
            raise BadRequest(f"the name of a member is a string, not {type(name).__name__}")
        if name in named:
            raise BadRequest(f"the member {name!r:.60} is given twice")
        named[name] = value
    return named


def _native_number(number: float) -> float | str:
    """As the JSON mapping of Protocol Buffers writes it."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _v1_number(number: float) -> float | None:
    if math.isfinite(number):
        return number
    return None if math.isnan(number) else math.copysign(_V1_INFINITY, number)


_MEMBERS = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str)  # only the names are of interest
_JSON = Form(_native_number)
_V1 = Form(_v1_number, boolean=int)
_V1_INFO = Form(_v1_number)
_MSGPACK = Form(float, array=array_extension)
_FORMS: dict[Style, Form] = {
    "json": _JSON,
    "json_base64": Form(_native_number, array=base64_array),
    "v1": _V1,
}
