"""A Gymnasium space as a description that any language can read and rebuild it from.

Gymnasium defines no such form; this one is ours. Infinite bounds are written as values are:
"Infinity" and "-Infinity". Only workers import this module; it needs Gymnasium.
"""

import string
from functools import singledispatch
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from protocol.values import write_json

_ANY_LENGTH = 65536


def describe_json(space: spaces.Space[Any]) -> bytes:
    """The description as JSON."""
    return write_json(describe(space))


@singledispatch
def describe(space: spaces.Space[Any]) -> dict[str, Any]:
    """`{"type": <class name>, …}`, nested spaces described within; plain Python values, bounds as floats or integers.

    A space that is none of Gymnasium's ten is described by its name alone, so that its environment can be used; one
    of strings (MiniGrid's missions) as a Text that has room for each of them.
    """
    if space.dtype is not None and space.dtype.kind == "U":
        return {"type": "Text", "min_length": 0, "max_length": _ANY_LENGTH, "charset": string.printable}
    return {"type": type(space).__name__}


@describe.register
def _(space: spaces.Discrete) -> dict[str, Any]:
    return {"type": "Discrete", "n": int(space.n), "start": int(space.start), "dtype": space.dtype.name}


@describe.register
def _(space: spaces.Box) -> dict[str, Any]:
    return {
        "type": "Box",
        "shape": list(space.shape),
        "dtype": space.dtype.name,
        "low": _bound(space.low),
        "high": _bound(space.high),
    }


@describe.register
def _(space: spaces.MultiBinary) -> dict[str, Any]:
    return {"type": "MultiBinary", "n": space.n if isinstance(space.n, int) else [int(size) for size in space.shape]}


@describe.register
def _(space: spaces.MultiDiscrete) -> dict[str, Any]:
    return {
        "type": "MultiDiscrete",
        "nvec": space.nvec.tolist(),
        "start": space.start.tolist(),
        "dtype": space.dtype.name,
    }


@describe.register
def _(space: spaces.Text) -> dict[str, Any]:
    return {
        "type": "Text",
        "min_length": int(space.min_length),
        "max_length": int(space.max_length),
        "charset": "".join(space.character_list),
    }


@describe.register
def _(space: spaces.Dict) -> dict[str, Any]:
    return {"type": "Dict", "spaces": {str(key): describe(inner) for key, inner in space.spaces.items()}}


@describe.register(spaces.Tuple)
def _(space: spaces.Tuple[Any]) -> dict[str, Any]:
    return {"type": "Tuple", "spaces": [describe(inner) for inner in space.spaces]}


@describe.register
def _(space: spaces.Sequence) -> dict[str, Any]:
    return {"type": "Sequence", "space": describe(space.feature_space), "stack": bool(space.stack)}


@describe.register
def _(space: spaces.Graph) -> dict[str, Any]:
    edge = space.edge_space
    return {
        "type": "Graph",
        "node_space": describe(space.node_space),
        "edge_space": None if edge is None else describe(edge),
    }


@describe.register(spaces.OneOf)
def _(space: spaces.OneOf[Any]) -> dict[str, Any]:
    return {"type": "OneOf", "spaces": [describe(inner) for inner in space.spaces]}


def _bound(bound: NDArray[Any]) -> Any:
    """One number where all are equal, else all of them in the array's shape.

    In the fewest digits of a float32 the largest would lie beyond float32, and Gymnasium refuse it: so each is exact,
    as a double. Booleans are 0 and 1, for Gymnasium takes no others as bounds.
    """
    numbers = bound.astype({"f": np.float64, "b": np.int8}.get(bound.dtype.kind, bound.dtype))
    is_uniform = bound.size and (bound == bound.flat[0]).all()
    return numbers.flat[0].item() if is_uniform else numbers.tolist()
