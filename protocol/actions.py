"""An action, or any other member of a space, from what a client sent.

Each reader returns just what the space's own `sample` would: the same types, dtypes and shapes. Everything is
checked before an environment sees it, and an error says where (`$.action[2]`) and why (`1.7 is above 1.0`).
Only workers import this module; it needs Gymnasium.
"""

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import concatenate, create_empty_array
from numpy.typing import NDArray

from protocol.errors import BadRequest, InvalidAction
from protocol.values import read_base64_array

_SPECIAL_FLOATS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}


@singledispatch
def read_member(space: spaces.Space[Any], value: Any, path: str) -> Any:
    """The member of the space that the value stands for; of a space that is none of Gymnasium's ten, only a string.

    Raises:
        InvalidAction: it stands for none; names the part of the value at fault.
    """
    if isinstance(value, str) and space.contains(value):
        return value
    raise InvalidAction.at(path, f"a space of type {type(space).__name__} does not hold {_name(value)}")


@read_member.register
def _(space: spaces.Discrete, value: Any, path: str) -> Any:
    number = _integer(value, path)
    first, last = int(space.start), int(space.start + space.n) - 1
    if not first <= number <= last:
        raise InvalidAction.at(path, f"{number} is not one of {first} to {last}")
    return space.dtype.type(number)


@read_member.register
def _(space: spaces.Box, value: Any, path: str) -> Any:
    array = _array(value, space, path)
    _check_each(array, path, np.isnan, "{} is not a number")
    _check_each(array, path, lambda x: x < space.low, "{} is below {}", space.low)
    _check_each(array, path, lambda x: x > space.high, "{} is above {}", space.high)
    return array


@read_member.register
def _(space: spaces.MultiBinary, value: Any, path: str) -> Any:
    array = _array(value, space, path)
    _check_each(array, path, lambda x: (x != 0) & (x != 1), "{} is neither 0 nor 1")
    return array


@read_member.register
def _(space: spaces.MultiDiscrete, value: Any, path: str) -> Any:
    array = _array(value, space, path)
    last = space.start + space.nvec - 1
    _check_each(array, path, lambda x: x < space.start, "{} is below {}", space.start)
    _check_each(array, path, lambda x: x > last, "{} is above {}", last)
    return array


@read_member.register
def _(space: spaces.Text, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise InvalidAction.at(path, f"expected a string, got {_name(value)}")
    if not space.min_length <= len(value) <= space.max_length:
        allowed = f"{space.min_length} to {space.max_length}"
        raise InvalidAction.at(path, f"{len(value)} characters are not {allowed}")
    for index, character in enumerate(value):
        if character not in space.character_set:
            raise InvalidAction.at(path, f"{character!r} at {index} is not in the charset")
    return value


@read_member.register
def _(space: spaces.Dict, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidAction.at(path, f"expected an object, got {_name(value)}")
    names = {str(key): key for key in space.spaces}
    for key in value:
        if key not in names:
            raise InvalidAction.at(path, f"has no {key!r:.60}; expected {', '.join(names)}")
    for name in names:
        if name not in value:
            raise InvalidAction.at(f"{path}.{name}", "is required")
    return {key: read_member(space.spaces[key], value[name], f"{path}.{name}") for name, key in names.items()}


@read_member.register(spaces.Tuple)
def _(space: spaces.Tuple[Any], value: Any, path: str) -> Any:
    parts = _list(value, path)
    if len(parts) != len(space.spaces):
        raise InvalidAction.at(path, f"expected {len(space.spaces)} values, got {len(parts)}")
    return tuple(
        read_member(inner, part, f"{path}[{index}]")
        for index, (inner, part) in enumerate(zip(space.spaces, parts, strict=True))
    )


@read_member.register
def _(space: spaces.Sequence, value: Any, path: str) -> Any:
    inner = space.feature_space
    parts = tuple(
        read_member(inner, part, f"{path}[{index}]") for index, part in enumerate(_list(value, path, takes_arrays=True))
    )
    if not space.stack:
        return parts
    stacked = create_empty_array(inner, len(parts))
    assert stacked is not None  # noqa: S101 - narrows the type; only a space without arrays has none
    return concatenate(inner, parts, stacked)


@read_member.register
def _(space: spaces.Graph, value: Any, path: str) -> Any:
    names = ("nodes", "edges", "edge_links")
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise InvalidAction.at(path, f"expected an object of {', '.join(names)}")
    nodes = _stack(space.node_space, value["nodes"], f"{path}.nodes")
    if value["edges"] is None or space.edge_space is None:
        if value["edges"] is not None or value["edge_links"] is not None:
            raise InvalidAction.at(f"{path}.edges", "edges and edge_links must both be null, or both be given")
        return spaces.GraphInstance(nodes, None, None)
    edges = _stack(space.edge_space, value["edges"], f"{path}.edges")
    links = _links(value["edge_links"], len(edges), len(nodes), f"{path}.edge_links")
    return spaces.GraphInstance(nodes, edges, links)


@read_member.register(spaces.OneOf)
def _(space: spaces.OneOf[Any], value: Any, path: str) -> Any:
    pair = _list(value, path)
    if len(pair) != 2:  # noqa: PLR2004 - [index, value]
        raise InvalidAction.at(path, f"expected [index, value], got {len(pair)} values")
    index = _integer(pair[0], f"{path}[0]")
    if not 0 <= index < len(space.spaces):
        raise InvalidAction.at(f"{path}[0]", f"{index} is not one of 0 to {len(space.spaces) - 1}")
    return np.int64(index), read_member(space.spaces[index], pair[1], f"{path}[1]")


def _links(value: Any, edges: int, nodes: int, path: str) -> NDArray[Any]:
    ends = spaces.Box(0, max(nodes - 1, 0), (edges, 2), np.int32)
    links: NDArray[Any] = read_member(ends, value, path)
    return links


def _stack(space: spaces.Space[Any], value: Any, path: str) -> NDArray[Any]:
    parts = _list(value, path, takes_arrays=True)
    members = [read_member(space, part, f"{path}[{index}]") for index, part in enumerate(parts)]
    return np.array(members, dtype=space.dtype).reshape((len(members), *(space.shape or ())))


def _name(value: Any) -> str:
    """What the value is, in the words of JSON."""
    names = {type(None): "null", bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    names |= {list: "a list", dict: "an object", np.ndarray: "an array"}
    return names.get(type(value), type(value).__name__)


def _integer(value: Any, path: str) -> int:
    """JSON knows only numbers, so 1.0 is 1; true is not."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    is_whole = isinstance(value, float) and value.is_integer()
    if isinstance(value, bool) or not (isinstance(value, int) or is_whole):
        shown = f" {value!r}" if isinstance(value, float | str) and len(str(value)) < 40 else ""  # noqa: PLR2004 - fits a message
        raise InvalidAction.at(path, f"expected an integer, got {_name(value)}{shown}")
    return int(value)


def _list(value: Any, path: str, *, takes_arrays: bool = False) -> Any:
    if isinstance(value, list) or (takes_arrays and isinstance(value, np.ndarray) and value.ndim):
        return value
    if takes_arrays and isinstance(value, dict) and "$array" in value:
        return _base64_array(value, path)
    raise InvalidAction.at(path, f"expected a list, got {_name(value)}")


def _base64_array(value: dict[str, Any], path: str) -> NDArray[Any]:
    try:
        return read_base64_array(value)
    except BadRequest as error:
        raise InvalidAction.at(path, error.detail) from error


def _array(value: Any, space: spaces.Space[Any], path: str) -> NDArray[Any]:
    """The value as an array of the space's shape and dtype, nothing rounded and nothing wrapped."""
    dtype, shape = space.dtype, space.shape
    assert dtype is not None and shape is not None  # noqa: S101, PT018 - narrows: all array spaces have both
    if isinstance(value, dict) and "$array" in value:
        value = _base64_array(value, path)
    if isinstance(value, np.ndarray):
        array = value
    else:
        array = np.empty(shape, object)
        _fill(array, value, (), path, _integer if dtype.kind in "iu" else _number)
    if array.shape != shape:
        raise InvalidAction.at(path, f"expected shape {list(shape)}, got {list(array.shape)}")
    if array.dtype == dtype:
        return array.copy()
    if dtype.kind in "iu":
        if array.dtype.kind == "f":
            _check_each(array, path, lambda x: x != np.floor(x), "{} is not an integer")
        bounds = np.iinfo(dtype)
        _check_each(array, path, lambda x: (x < bounds.min) | (x > bounds.max), "{} is no " + dtype.name)
    return array.astype(dtype)


def _fill(
    target: NDArray[Any],
    value: Any,
    index: tuple[int, ...],
    path: str,
    read_number: Callable[[Any, str], float],
) -> None:
    """Puts nested lists of the target's shape into it, number by number."""
    shape = target.shape[len(index) :]
    if not shape:
        target[index] = read_number(value, path)
        return
    if not isinstance(value, list):
        raise InvalidAction.at(path, f"expected a list of {shape[0]}, got {_name(value)}")
    if len(value) != shape[0]:
        raise InvalidAction.at(path, f"expected {shape[0]} values, got {len(value)}")
    for position, part in enumerate(value):
        _fill(target, part, (*index, position), f"{path}[{position}]", read_number)


def _number(value: Any, path: str) -> float:
    if isinstance(value, str) and value in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidAction.at(path, f"expected a number, got {_name(value)}")
    return value


def _check_each(
    array: NDArray[Any],
    path: str,
    is_wrong: Callable[[NDArray[Any]], Any],
    message: str,
    bound: NDArray[Any] | None = None,
) -> None:
    """Names the first element that is wrong, and the bound that it breaks."""
    wrong = np.asarray(is_wrong(array), dtype=bool)
    if not wrong.any():
        return
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if array.ndim else ()
    where = path + "".join(f"[{i}]" for i in index)
    parts = [array[index], *([] if bound is None else [bound[index]])]
    raise InvalidAction.at(where, message.format(*(_shown(part) for part in parts)))


def _shown(number: Any) -> Any:
    return number.item() if isinstance(number, np.generic) else number
