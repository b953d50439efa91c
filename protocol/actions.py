"""An action, or any other member of a space, from what a client sent.

Each reader returns just what the space's own `sample` would: the same types, dtypes and shapes. Everything is
checked before an environment sees it, and an error says where (`$.action[2]`) and why (`1.7 is above 1.0`).
Only workers import this module; it needs Gymnasium.
"""

from collections.abc import Callable, Mapping
from functools import partial, singledispatch
from typing import Any

import numpy as np
from gymnasium import spaces

from protocol.elements import check_bounds, is_array, name_of, read_array, read_integer, read_numbers
from protocol.errors import InvalidAction


@singledispatch
def read_member(space: spaces.Space[Any], value: Any, path: str) -> Any:
    """The member of the space that the value stands for; a space of no known type decides by itself.

    Raises:
        InvalidAction: it stands for none; names the part of the value at fault.
    """
    if not space.contains(value):
        raise InvalidAction.at(path, f"is not in {type(space).__name__}")
    return value


def member_reader(space: spaces.Space[Any]) -> Callable[[Any, str], Any]:
    """`read_member` for one space; for many members, as to find the right reader takes longer than most of them."""
    return partial(read_member.dispatch(type(space)), space)


@read_member.register
def _(space: spaces.Discrete, value: Any, path: str) -> Any:
    number = value if type(value) is int else read_integer(value, path)
    first, n = int(space.start), int(space.n)
    if not first <= number < first + n:
        raise InvalidAction.at(path, f"{number} is not one of {first} to {first + n - 1}")
    return space.dtype.type(number)


@read_member.register
def _(space: spaces.Box, value: Any, path: str) -> Any:
    array = read_numbers(value, space.shape, space.dtype, path)
    check_bounds(array, space.low, space.high, path)
    return array


@read_member.register
def _(space: spaces.MultiBinary, value: Any, path: str) -> Any:
    return read_numbers(value, space.shape, space.dtype, path, is_binary=True)


@read_member.register
def _(space: spaces.MultiDiscrete, value: Any, path: str) -> Any:
    array = read_numbers(value, space.nvec.shape, space.dtype, path)
    check_bounds(array, space.start, space.start + (space.nvec - 1), path)
    return array


@read_member.register
def _(space: spaces.Text, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        raise InvalidAction.at(path, f"expected a string, got {name_of(value)}")
    if not space.min_length <= len(value) <= space.max_length:
        allowed = f"{space.min_length} to {space.max_length}"
        raise InvalidAction.at(path, f"expected {allowed} characters, got {len(value)}")
    for index, character in enumerate(value):
        if character not in space.character_set:
            raise InvalidAction.at(path, f"{character!r} at {index} is not in the charset")
    return value


@read_member.register
def _(space: spaces.Dict, value: Any, path: str) -> Any:
    parts = _members(space, value, path)
    return {key: read_member(inner, parts[key], f"{path}.{key}") for key, inner in space.spaces.items()}


@read_member.register(spaces.Tuple)
def _(space: spaces.Tuple[Any], value: Any, path: str) -> Any:
    parts = _parts(value, path, len(space.spaces))
    return tuple(
        read_member(inner, part, f"{path}[{index}]")
        for index, (inner, part) in enumerate(zip(space.spaces, parts, strict=True))
    )


@read_member.register
def _(space: spaces.Sequence, value: Any, path: str) -> Any:
    inner = space.feature_space
    return _stack(inner, value, path)[0] if space.stack else _each(inner, value, path)


@read_member.register
def _(space: spaces.Graph, value: Any, path: str) -> Any:
    names = ("nodes", "edges", "edge_links")
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise InvalidAction.at(path, f"expected an object of {', '.join(names)}")
    nodes, node_count = _stack(space.node_space, value["nodes"], f"{path}.nodes")
    if value["edges"] is None and value["edge_links"] is None:
        return spaces.GraphInstance(nodes, None, None)
    if space.edge_space is None:
        raise InvalidAction.at(f"{path}.edges", "expected null for a graph without edges")
    edges, edge_count = _stack(space.edge_space, value["edges"], f"{path}.edges")
    links = read_numbers(value["edge_links"], (edge_count, 2), np.dtype(np.int32), f"{path}.edge_links")
    check_bounds(links, np.zeros_like(links), np.full_like(links, node_count - 1), f"{path}.edge_links")
    return spaces.GraphInstance(nodes, edges, links)


@read_member.register(spaces.OneOf)
def _(space: spaces.OneOf[Any], value: Any, path: str) -> Any:
    pair = _parts(value, path, 2)
    index = read_integer(pair[0], f"{path}[0]")
    if not 0 <= index < len(space.spaces):
        raise InvalidAction.at(f"{path}[0]", f"{index} is not one of 0 to {len(space.spaces) - 1}")
    return np.int64(index), read_member(space.spaces[index], pair[1], f"{path}[1]")


def _each(space: spaces.Space[Any], value: Any, path: str) -> tuple[Any, ...]:
    """Any number of members of the space, one by one."""
    parts = _parts(value, path)
    return tuple(read_member(space, part, f"{path}[{index}]") for index, part in enumerate(parts))


def _stack(space: spaces.Space[Any], value: Any, path: str) -> tuple[Any, int]:
    """Any number of members of the space, stacked as Gymnasium does it, and how many they are.

    Numbers become one array, Dict and Tuple a stack for each of their parts; that is also how a stack is written.
    """
    if isinstance(space, spaces.Tuple):
        parts = _parts(value, path, len(space.spaces))
        stacks = [
            _stack(inner, part, f"{path}[{index}]")
            for index, (inner, part) in enumerate(zip(space.spaces, parts, strict=True))
        ]
        return tuple(stack for stack, _ in stacks), _one_count(stacks, path)
    if isinstance(space, spaces.Dict):
        members = _members(space, value, path)
        stacks = [_stack(inner, members[key], f"{path}.{key}") for key, inner in space.spaces.items()]
        return dict(zip(space.spaces, (stack for stack, _ in stacks), strict=True)), _one_count(stacks, path)
    each = _each(space, value, path)
    if isinstance(space, spaces.Box | spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete):
        return np.array(each, space.dtype).reshape((len(each), *(space.shape or ()))), len(each)
    return each, len(each)


def _one_count(stacks: list[tuple[Any, int]], path: str) -> int:
    """How many members each of the stacks has."""
    counts = [count for _, count in stacks]
    if len(set(counts)) > 1:
        raise InvalidAction.at(path, f"expected parts of one length, got {', '.join(map(str, counts))} values")
    return counts[0] if counts else 0


def _members(space: spaces.Dict, value: Any, path: str) -> dict[Any, Any]:
    """What was sent for each key of the space."""
    if not isinstance(value, Mapping):
        raise InvalidAction.at(path, f"expected an object, got {name_of(value)}")
    names = {str(key): key for key in space.spaces}
    for name in value:
        if name not in names:
            raise InvalidAction.at(path, f"has no {name!r:.60}; expected {', '.join(names)}")
    for name in names:
        if name not in value:
            raise InvalidAction.at(f"{path}.{name}", "is required")
    return {key: value[name] for name, key in names.items()}


def _parts(value: Any, path: str, length: int | None = None) -> list[Any]:
    """What was sent in a list, as many as `length` says; one of any length may be an array."""
    if length is None and is_array(value):
        array = read_array(value, path)
        if array.ndim:
            return [array[index, ...] for index in range(len(array))]
    if not isinstance(value, list):
        raise InvalidAction.at(path, f"expected a list, got {name_of(value)}")
    if length is not None and len(value) != length:
        raise InvalidAction.at(path, f"expected {length} values, got {len(value)}")
    return value
