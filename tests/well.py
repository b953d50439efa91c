"""The environment that behaves, from which those that do not are derived."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

Step = tuple[Any, float, bool, bool, dict[str, Any]]


class Well(gymnasium.Env[Any, Any]):
    """Behaves; the others say how they differ. Action 1 does the mischief, action 0 never does."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - Gymnasium's own form
    observation_space: spaces.Space[Any] = spaces.Box(-1, 1, (2,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Step:
        if action == 1:
            self.misbehave()
        return np.zeros(2, np.float32), 0.0, False, False, {}

    def render(self) -> Any:
        return np.zeros((4, 4, 3), np.uint8)

    def misbehave(self) -> None:
        """Nothing."""


def register(namespace: dict[str, Any]) -> None:
    """Every kind of `Well` that a module has defined can be made as `test/<name>-v0`."""
    for name, kind in namespace.items():
        if isinstance(kind, type) and issubclass(kind, Well) and kind.__module__ == namespace["__name__"]:
            gymnasium.register(f"test/{name}-v0", entry_point=f"{kind.__module__}:{name}")


register(globals())
