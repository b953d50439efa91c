"""Observations, actions and infos, from what is on the wire and back (the contract's section on values).

Arrays travel as bytes: as extension type 1 in MessagePack, as base64 in JSON; so both keep every bit.
"""

import base64
import json
import math
from functools import singledispatch
from typing import Any, Literal

import msgpack
import numpy as np
from gymnasium import spaces
from gymnasium.spaces import GraphInstance
from numpy.typing import NDArray

Encoding = Literal["json", "msgpack"]

_EXTENSION = 1
_LINKS = np.dtype(np.int32)  # Gymnasium's own dtype for the ends of a graph's edges
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def pack(value: Any, encoding: Encoding) -> bytes:
    """A message or a body; everything that is or contains an array, and every member of a space, has its form."""
    if encoding == "json":
        return json.dumps(_json(value), allow_nan=False).encode()
    packed: bytes = msgpack.packb(value, default=_msgpack, strict_types=True)  # a GraphInstance is a tuple, too
    return packed


def unpack(data: bytes | memoryview, encoding: Encoding) -> Any:
    """A message or a body; arrays that came as bytes are arrays that may be written to."""
    if encoding == "json":
        return json.loads(bytes(data), object_hook=_object)
    return msgpack.unpackb(data, ext_hook=_extension, strict_map_key=False)


def read_info(value: Any, encoding: Encoding) -> Any:
    """An info, in which no space says what is a number: in JSON those that are not finite came as strings."""
    if encoding == "msgpack":
        return value
    match value:
        case str() if value in _NOT_FINITE:
            return float(value)
        case dict():
            return {name: read_info(part, encoding) for name, part in value.items()}
        case list():
            return [read_info(part, encoding) for part in value]
    return value


@singledispatch
def decode(space: spaces.Space[Any], _value: Any) -> Any:
    """The member of the space that the value stands for; types, dtypes and shapes are those of the space."""
    raise TypeError(f"{type(space).__name__} is none of Gymnasium's own spaces")


@decode.register
def _(space: spaces.Discrete, value: Any) -> Any:
    return space.dtype.type(value)


@decode.register(spaces.Box)
@decode.register(spaces.MultiBinary)
@decode.register(spaces.MultiDiscrete)
def _(space: spaces.Box | spaces.MultiBinary | spaces.MultiDiscrete, value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else _array(value, space.dtype, space.shape)


@decode.register
def _(_space: spaces.Text, value: Any) -> Any:
    return value


@decode.register
def _(space: spaces.Dict, value: Any) -> Any:
    return {name: decode(inner, value[name]) for name, inner in space.spaces.items()}


@decode.register(spaces.Tuple)
def _(space: spaces.Tuple[Any], value: Any) -> Any:
    return tuple(decode(inner, part) for inner, part in zip(space.spaces, value, strict=True))


@decode.register
def _(space: spaces.Sequence, value: Any) -> Any:
    return _stack(space.feature_space, value) if space.stack else _each(space.feature_space, value)


@decode.register
def _(space: spaces.Graph, value: Any) -> Any:
    nodes = _stack(space.node_space, value["nodes"])
    if value["edges"] is None or space.edge_space is None:
        return GraphInstance(nodes, None, None)
    edges = _stack(space.edge_space, value["edges"])
    return GraphInstance(nodes, edges, _array(value["edge_links"], _LINKS, (len(edges), 2)))


@decode.register(spaces.OneOf)
def _(space: spaces.OneOf[Any], value: Any) -> Any:
    index, member = value
    return np.int64(index), decode(space.spaces[index], member)


def _array(value: Any, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """One that came as bytes is taken as it is: its dtype came with it. NumPy itself reads "NaN" and "Infinity"."""
    return value if isinstance(value, np.ndarray) else np.array(value, dtype).reshape(shape)


def _each(space: spaces.Space[Any], value: Any) -> tuple[Any, ...]:
    return tuple(decode(space, part) for part in value)


def _stack(space: spaces.Space[Any], value: Any) -> Any:
    """Members stacked as Gymnasium does it: numbers in one array, the parts of a Dict or Tuple each on their own."""
    match space:
        case spaces.Dict():
            return {name: _stack(inner, value[name]) for name, inner in space.spaces.items()}
        case spaces.Tuple():
            return tuple(_stack(inner, part) for inner, part in zip(space.spaces, value, strict=True))
        case spaces.Box() | spaces.Discrete():
            return _array(value, space.dtype, (len(value), *(space.shape or ())))
    return _each(space, value)


def _json(value: Any) -> Any:  # noqa: PLR0911 - a case a type
    match value:
        case GraphInstance():
            return _json(value._asdict())
        case np.ndarray():
            dtype, shape, content = _parts(value)
            return {"$array": base64.b64encode(content).decode(), "dtype": dtype, "shape": shape}
        case np.generic():
            return _json(value.item())
        case dict():
            return {name: _json(part) for name, part in value.items()}
        case tuple() | list():
            return [_json(part) for part in value]
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _msgpack(value: object) -> Any:
    match value:
        case np.ndarray():
            return msgpack.ExtType(_EXTENSION, msgpack.packb(_parts(value)))
        case np.generic():
            return value.item()
        case GraphInstance():
            return value._asdict()
        case tuple() | list():
            return list(value)
        case dict():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no form on the wire")


def _parts(array: NDArray[Any]) -> tuple[str, list[int], bytes]:
    if array.dtype.str[0] == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.dtype.str, list(array.shape), array.tobytes()


def _extension(code: int, data: bytes) -> Any:
    if code != _EXTENSION:
        return msgpack.ExtType(code, data)
    dtype, shape, content = msgpack.unpackb(data)
    return np.frombuffer(bytearray(content), dtype).reshape(shape)


def _object(members: dict[str, Any]) -> Any:
    if members.keys() != {"$array", "dtype", "shape"}:
        return members
    content = bytearray(base64.b64decode(members["$array"], validate=True))
    return np.frombuffer(content, members["dtype"]).reshape(members["shape"])
