"""Environments that observe pictures and do nothing else: what they cost is what it costs to carry a picture.

Named with this module, as `benchmarks.picture_envs:Small-v0`, they are found wherever Gymnasium makes them.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

_PICTURES = 8
_STEPS = 1000


class Pictures(gymnasium.Env[Any, Any]):
    """Shows the same few pictures of noise over and over, uint8 of the given shape."""

    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def __init__(self, shape: tuple[int, ...], render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = spaces.Box(0, 255, shape, np.uint8)
        self._pictures = list(np.random.default_rng(0).integers(0, 256, (_PICTURES, *shape), np.uint8))
        self._number = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The first picture."""
        super().reset(seed=seed, options=options)
        return self._pictures[0], {}

    def step(self, _action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """The next one."""
        self._number = (self._number + 1) % _PICTURES
        return self._pictures[self._number], 1.0, False, False, {}


for _name, _shape in (("Small-v0", (84, 84, 4)), ("Large-v0", (210, 160, 3))):
    gymnasium.register(_name, f"{__name__}:Pictures", kwargs={"shape": _shape}, max_episode_steps=_STEPS)
