"""Environments with spaces that gym-http-api never knew; for workers, with `--import tests.transcripts.odd_spaces`."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from tests.envs import Step, Well


class Booleans(Well):
    """Sees a tuple with booleans in it, as Blackjack did."""

    observation_space: spaces.Space[Any] = spaces.Tuple(
        (spaces.Discrete(2), spaces.MultiBinary(2), spaces.Box(0, 1, (2,), np.bool_))
    )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action: Any) -> Step:
        return self._seen(), 1, True, False, {}

    def _seen(self) -> Any:
        return (True, np.array([1, 0], np.int8), np.array([False, True]))


class Levers(Well):
    """Takes an action for each of two levers."""

    action_space: spaces.Space[Any] = spaces.MultiDiscrete([2, 3])

    def step(self, action: Any) -> Step:
        return np.zeros(2, np.float32), float(action.sum()), False, False, {}


class Parts(Well):
    """Sees parts by their names."""

    observation_space: spaces.Space[Any] = spaces.Dict(
        {"at": spaces.Box(-1, 1, (2,), np.float32), "lit": spaces.MultiBinary(3)}
    )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return {"at": np.zeros(2, np.float32), "lit": np.array([1, 0, 1], np.int8)}, {}


for _class in (Booleans, Levers, Parts):
    gymnasium.register(f"odd/{_class.__name__}-v0", entry_point=f"{__name__}:{_class.__name__}")
