"""The wrappers that a client may put around an environment: those of Gymnasium that take no callable and no file."""

from typing import Any

import gymnasium
from gymnasium import wrappers

from protocol.errors import InvalidField

_ALLOWED = (
    "AtariPreprocessing", "ClipAction", "ClipReward", "DelayObservation", "DiscretizeAction", "DiscretizeObservation",
    "FilterObservation", "FlattenObservation", "FrameStackObservation", "GrayscaleObservation",
    "MaxAndSkipObservation", "NormalizeObservation", "NormalizeReward", "RepeatAction", "RescaleAction",
    "RescaleObservation", "ReshapeObservation", "ResizeObservation", "StickyAction", "TimeAwareObservation",
)  # fmt: skip


def wrap(env: gymnasium.Env[Any, Any], name: str, kwargs: dict[str, Any], path: str) -> gymnasium.Env[Any, Any]:
    """The environment within the named wrapper.

    Raises:
        InvalidField: there is no such wrapper among the allowed ones, or it refuses the arguments.
    """
    names = [allowed for allowed in _ALLOWED if hasattr(wrappers, allowed)]
    if name not in names:
        raise InvalidField.at(f"{path}.name", f"{name!r} is not one of {', '.join(names)}")
    try:
        wrapped: gymnasium.Env[Any, Any] = getattr(wrappers, name)(env, **kwargs)
    except Exception as error:  # whatever a constructor says to arguments that it was not made for
        raise InvalidField.at(f"{path}.kwargs", f"{name} refuses them: {error}") from error
    return wrapped
