"""A space as gym-http-api described it: flat bounds, and nothing but the name of a space that it never knew."""

from typing import Any

from gymnasium import spaces

from protocol.spaces import describe


def http_space(space: spaces.Space[Any]) -> dict[str, Any]:
    """`{"name", "n"}` for Discrete, `{"name", "shape", "low", "high"}` for Box.

    The others have `description` beside the name: typed clients die of an `n` or a `shape` of another type. Bounds are
    lists of floats, whatever the shape; infinite ones are written as ±1e100, as the style "v1" has it.
    """
    name = type(space).__name__
    match space:
        case spaces.Discrete():
            return {"name": name, "n": int(space.n)}
        case spaces.Box():
            low, high = (bound.astype(float).ravel() for bound in (space.low, space.high))
            return {"name": name, "shape": list(space.shape), "low": low, "high": high}
    return {"name": name, "description": describe(space)}
