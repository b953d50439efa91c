"""What a client has to know of values: from the description of a space and what was sent to its member, and back.

Written from the wire contract alone and shares no code with the server, so it also shows that a description suffices.
"""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Literal

import msgpack
import numpy as np
from gymnasium.spaces import GraphInstance
from numpy.typing import NDArray

Encoding = Literal["json", "base64", "msgpack"]
"""How arrays are sent: nested lists, base64 within JSON, or bytes within MessagePack."""

_EXTENSION = 1
_LINKS = "int32"  # Gymnasium's own dtype for the ends of a graph's edges


def pack(value: Any, encoding: Encoding) -> bytes:
    """A body or a message; arrays in it are extensions or base64 already."""
    return msgpack.packb(value) if encoding == "msgpack" else json.dumps(value, allow_nan=False).encode()


def unpack(data: bytes, encoding: Encoding) -> Any:
    """A body or a message; every array that was sent as bytes is one."""
    if encoding == "msgpack":
        return msgpack.unpackb(data, ext_hook=_read_extension)
    return json.loads(data, object_hook=_read_object if encoding == "base64" else None)


def decode(space: Mapping[str, Any], value: Any) -> Any:  # noqa: C901, PLR0911 - a case a type
    """The member of the described space that the value stands for."""
    match space["type"]:
        case "Discrete":
            return np.dtype(space["dtype"]).type(value)
        case "Box":
            return _array(value, space["dtype"], space["shape"])
        case "MultiBinary":
            n = space["n"]
            return _array(value, "int8", n if isinstance(n, list) else [n])
        case "MultiDiscrete":
            return _array(value, space["dtype"], np.shape(space["nvec"]))
        case "Text":
            return value
        case "Dict":
            return {name: decode(inner, value[name]) for name, inner in space["spaces"].items()}
        case "Tuple":
            return tuple(decode(inner, part) for inner, part in zip(space["spaces"], value, strict=True))
        case "Sequence":
            return _stack(space["space"], value) if space["stack"] else _each(space["space"], value)
        case "Graph":
            return _graph(space, value)
        case "OneOf":
            index, member = value
            return np.int64(index), decode(space["spaces"][index], member)
    raise ValueError(f"the contract has no type {space['type']}")


def encode(member: Any, encoding: Encoding) -> Any:  # noqa: PLR0911 - a case a type
    """What is sent for a member of a space."""
    match member:
        case GraphInstance():
            return {name: encode(part, encoding) for name, part in member._asdict().items()}
        case np.ndarray():
            return _encode_array(member, encoding)
        case np.generic():
            return encode(member.item(), encoding)
        case dict():
            return {name: encode(part, encoding) for name, part in member.items()}
        case tuple() | list():
            return [encode(part, encoding) for part in member]
        case float() if encoding != "msgpack" and not math.isfinite(member):
            return "NaN" if math.isnan(member) else "Infinity" if member > 0 else "-Infinity"
    return member


def _array(value: Any, dtype: str, shape: Any) -> NDArray[Any]:
    """One sent as bytes is taken as it is: its dtype and shape came with it."""
    if isinstance(value, np.ndarray):
        return value
    return np.array(value, dtype).reshape(tuple(shape))  # NumPy reads "NaN" and "-Infinity" by itself


def _each(space: Mapping[str, Any], value: Any) -> tuple[Any, ...]:
    return tuple(decode(space, part) for part in value)


def _stack(space: Mapping[str, Any], value: Any) -> Any:
    """Members stacked as Gymnasium does it: numbers in one array, the parts of a Dict or Tuple each on their own."""
    match space["type"]:
        case "Dict":
            return {name: _stack(inner, value[name]) for name, inner in space["spaces"].items()}
        case "Tuple":
            return tuple(_stack(inner, part) for inner, part in zip(space["spaces"], value, strict=True))
        case "Box":
            return _array(value, space["dtype"], (len(value), *space["shape"]))
        case "Discrete":
            return _array(value, space["dtype"], (len(value),))
    return _each(space, value)


def _graph(space: Mapping[str, Any], value: Mapping[str, Any]) -> GraphInstance:
    nodes = _stack(space["node_space"], value["nodes"])
    if value["edges"] is None:
        return GraphInstance(nodes, None, None)
    edges = _stack(space["edge_space"], value["edges"])
    return GraphInstance(nodes, edges, _array(value["edge_links"], _LINKS, (len(edges), 2)))


def _encode_array(array: NDArray[Any], encoding: Encoding) -> Any:
    array = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    if encoding == "msgpack":
        parts = msgpack.packb([array.dtype.str, list(array.shape), array.tobytes()])
        return msgpack.ExtType(_EXTENSION, parts)
    if encoding == "base64":
        text = base64.b64encode(array.tobytes()).decode()
        return {"$array": text, "dtype": array.dtype.str, "shape": list(array.shape)}
    return encode(array.tolist(), encoding)


def _read_extension(code: int, data: bytes) -> NDArray[Any]:
    assert code == _EXTENSION
    dtype, shape, content = msgpack.unpackb(data)
    return np.frombuffer(content, dtype).reshape(shape)


def _read_object(members: dict[str, Any]) -> Any:
    if "$array" not in members:
        return members
    content = base64.b64decode(members["$array"], validate=True)
    return np.frombuffer(content, members["dtype"]).reshape(members["shape"])
