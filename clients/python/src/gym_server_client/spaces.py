"""Gymnasium's spaces from their descriptions on the wire (the contract's section on spaces). Knows no values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import error, spaces
from numpy.typing import NDArray


def build(description: Mapping[str, Any]) -> spaces.Space[Any]:
    """The space that equals the one described.

    Raises:
        gymnasium.error.CustomSpaceError: its type is none of Gymnasium's ten, and is described by its name alone.
    """
    match description["type"]:
        case "Discrete":
            return spaces.Discrete(
                description["n"], start=description["start"], dtype=np.dtype(description["dtype"]).type
            )
        case "Box":
            return _box(description)
        case "MultiBinary":
            return spaces.MultiBinary(description["n"])
        case "MultiDiscrete":
            return _multi_discrete(description)
        case "Text":
            return spaces.Text(
                description["max_length"], min_length=description["min_length"], charset=description["charset"]
            )
    return _composite(description)


def _composite(description: Mapping[str, Any]) -> spaces.Space[Any]:
    match description["type"]:
        case "Dict":
            return spaces.Dict([(name, build(inner)) for name, inner in description["spaces"].items()])
        case "Tuple":
            return spaces.Tuple([build(inner) for inner in description["spaces"]])
        case "OneOf":
            return spaces.OneOf([build(inner) for inner in description["spaces"]])
        case "Sequence":
            return spaces.Sequence(build(description["space"]), stack=description["stack"])
        case "Graph":
            edge_space = description["edge_space"]
            return spaces.Graph(_of_graph(description["node_space"]), edge_space and _of_graph(edge_space))
    raise error.CustomSpaceError(f"{description['type']} is none of Gymnasium's own spaces and cannot be rebuilt")


def _of_graph(description: Mapping[str, Any]) -> Any:
    """The space of nodes or edges: a Box or a Discrete, which the type checker cannot know."""
    return build(description)


def _box(description: Mapping[str, Any]) -> spaces.Box:
    shape, dtype = tuple(description["shape"]), np.dtype(description["dtype"])
    low, high = (_bound(description[name], shape, dtype) for name in ("low", "high"))
    return spaces.Box(low, high, shape, dtype.type)


def _bound(bound: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A bound for each element; NumPy itself reads "Infinity"."""
    kind = np.dtype(np.int8) if dtype.kind == "b" else dtype  # Gymnasium takes no booleans as bounds
    return np.full(shape, bound, kind) if np.ndim(bound) == 0 else np.array(bound, kind).reshape(shape)


def _multi_discrete(description: Mapping[str, Any]) -> spaces.MultiDiscrete:
    dtype = np.dtype(description["dtype"])
    nvec, start = (np.array(description[name], dtype) for name in ("nvec", "start"))
    return spaces.MultiDiscrete(nvec, dtype=dtype.type, start=start)
