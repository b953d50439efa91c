"""Descriptions of spaces: a client can rebuild an equal space from one."""

import json
from typing import Any

import numpy as np
from gymnasium import spaces
from hypothesis import given

from protocol.spaces import describe_json
from tests.protocol.space_strategies import DERANDOMISED, all_spaces


def rebuild(told: dict[str, Any]) -> spaces.Space[Any]:  # noqa: C901, PLR0911 - a case a type
    """The space of a description, as a client would write it."""
    match told["type"]:
        case "Discrete":
            return spaces.Discrete(told["n"], start=told["start"], dtype=told["dtype"])
        case "Box":
            low, high = (as_bound(told[end], tuple(told["shape"]), told["dtype"]) for end in ("low", "high"))
            return spaces.Box(low, high, told["shape"], np.dtype(told["dtype"]))
        case "MultiBinary":
            return spaces.MultiBinary(told["n"])
        case "MultiDiscrete":
            return spaces.MultiDiscrete(np.array(told["nvec"]), told["dtype"], start=np.array(told["start"]))
        case "Text":
            return spaces.Text(told["max_length"], min_length=told["min_length"], charset=told["charset"])
        case "Dict":
            return spaces.Dict({name: rebuild(inner) for name, inner in told["spaces"].items()}, sort_keys=False)
        case "Tuple":
            return spaces.Tuple(map(rebuild, told["spaces"]))
        case "Sequence":
            return spaces.Sequence(rebuild(told["space"]), stack=told["stack"])
        case "Graph":
            edges = told["edge_space"]
            return spaces.Graph(rebuild(told["node_space"]), edges and rebuild(edges))
        case "OneOf":
            return spaces.OneOf(map(rebuild, told["spaces"]))
    raise ValueError(told["type"])


def as_bound(told: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """A bound from one number or nested lists of them; Python's float reads "-Infinity" by itself."""
    numbers = np.array(told, object).astype(dtype)
    return numbers.reshape(shape) if isinstance(told, list) else np.full(shape, numbers)


@DERANDOMISED
@given(all_spaces)
def test_a_space_can_be_rebuilt_from_its_description(space: spaces.Space[Any]) -> None:
    """Equal in Gymnasium's eyes, and to the last bit of every bound."""
    text = describe_json(space)
    rebuilt = rebuild(json.loads(text))
    assert rebuilt == space
    assert describe_json(rebuilt) == text
