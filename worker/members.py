"""Members of a space on request: samples, by seed and mask, and whether a value is one."""

import copy
from typing import Any

import numpy as np
from gymnasium import spaces

from protocol.actions import read_member
from protocol.errors import BadRequest, InvalidAction, InvalidField
from protocol.messages import Contains, Sample
from protocol.values import read


def sample(space: spaces.Space[Any], command: Sample) -> list[Any]:
    """`command.n` members. With a seed they are drawn from a copy, so that the environment's own generator stays.

    Raises:
        InvalidField: the mask is none for this space.
    """
    mask = _mask(space, read(command.mask, command.reads), "$.mask") if command.mask else None
    if command.seed is not None:
        space = copy.deepcopy(space)
        space.seed(command.seed)
    try:
        return [space.sample(mask) if mask is not None else space.sample() for _ in range(command.n)]
    except (AssertionError, TypeError, ValueError) as error:
        raise InvalidField.at("$.mask", str(error)) from error


def contains(space: spaces.Space[Any], command: Contains) -> bool:
    """Whether the space has the value as a member.

    Raises:
        BadRequest: the bytes are no value at all.
    """
    value = read(command.value, command.reads)
    try:
        read_member(space, value, "$.value")
    except (InvalidAction, BadRequest):
        return False
    return True


def _mask(space: spaces.Space[Any], value: Any, path: str) -> Any:
    """The mask in the form that the space's `sample` takes: int8 arrays, nested as the space is."""
    match space:
        case spaces.Discrete() | spaces.MultiBinary():
            return _flags(value, path)
        case spaces.MultiDiscrete():
            return tuple(_flags(part, f"{path}[{index}]") for index, part in enumerate(_parts(value, list, path)))
        case spaces.Tuple():
            parts = _parts(value, list, path)
            if len(parts) != len(space.spaces):
                raise InvalidField.at(path, f"expected {len(space.spaces)} masks, got {len(parts)}")
            pairs = enumerate(zip(space.spaces, parts, strict=True))
            return tuple(None if part is None else _mask(inner, part, f"{path}[{i}]") for i, (inner, part) in pairs)
        case spaces.Dict():
            parts = _parts(value, dict, path)
            if set(parts) != set(space.spaces):
                raise InvalidField.at(path, f"expected a mask or null for each of {', '.join(space.spaces)}")
            return {
                key: None if parts[key] is None else _mask(inner, parts[key], f"{path}.{key}")
                for key, inner in space.spaces.items()
            }
    raise InvalidField.at(path, f"a {type(space).__name__} space takes no mask")


def _flags(value: Any, path: str) -> Any:
    try:
        flags = np.asarray(value)
    except ValueError as error:
        raise InvalidField.at(path, "expected a list of 0 and 1") from error
    # 2 is "either" in a mask of MultiBinary.
    if flags.dtype.kind not in "biu" or not np.isin(flags, (0, 1, 2)).all():
        raise InvalidField.at(path, "expected a list of 0 and 1")
    return flags.astype(np.int8)


def _parts(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, kind):
        raise InvalidField.at(path, f"expected {'an object' if kind is dict else 'a list'} of masks")
    return value
