"""An environment for each of Gymnasium's types of space, registered as this module is imported.

It observes samples of its space, and tells in `info` exactly what it got as an action, a member of the same space.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

LARGE = 2**53 + 1
"""The first integer that no double holds: who takes integers for floats loses it."""

SPACES: dict[str, Callable[[], spaces.Space[Any]]] = {
    "Discrete": lambda: spaces.Discrete(7, start=-3),
    "DiscreteOfBytes": lambda: spaces.Discrete(200, dtype=np.uint8),
    "Box": lambda: spaces.Box(np.array([-1, -np.inf, 0], np.float32), np.array([1, np.inf, 1e-40], np.float32)),
    "BoxOfDoubles": lambda: spaces.Box(-np.inf, np.inf, (2, 3), np.float64),
    "BoxOfHalves": lambda: spaces.Box(-4, 4, (3,), np.float16),
    "BoxOfPixels": lambda: spaces.Box(0, 255, (12, 9, 3), np.uint8),
    "BoxOfLargeIntegers": lambda: spaces.Box(LARGE, LARGE + 1000, (4,), np.int64),
    "BoxOfOneNumber": lambda: spaces.Box(-1, 1, (), np.float32),
    "BoxOfNothing": lambda: spaces.Box(-1, 1, (0, 3), np.float32),
    "MultiBinary": lambda: spaces.MultiBinary(5),
    "MultiBinaryOfRows": lambda: spaces.MultiBinary([2, 3]),
    "MultiDiscrete": lambda: spaces.MultiDiscrete([3, 2, 9]),
    "MultiDiscreteOfRows": lambda: spaces.MultiDiscrete(
        np.array([[3, 4], [2, 5]], np.int16), dtype=np.int16, start=np.array([[-1, 0], [10, 2]], np.int16)
    ),
    "Text": lambda: spaces.Text(8, min_length=0, charset='ab"\\/é漢🎲'),
    "Dict": lambda: spaces.Dict({"z": spaces.Discrete(4), "a": spaces.Box(-1, 1, (2,)), "é": spaces.Text(4)}),
    "Tuple": lambda: spaces.Tuple((spaces.Discrete(4), spaces.Box(-1, 1, (2,)))),
    "Sequence": lambda: spaces.Sequence(spaces.Box(-1, 1, (2,))),
    "SequenceOfDicts": lambda: spaces.Sequence(spaces.Dict({"n": spaces.Discrete(3), "t": spaces.Text(3)})),
    "StackedSequence": lambda: spaces.Sequence(spaces.Box(-1, 1, (2,)), stack=True),
    "StackedSequenceOfTuples": lambda: spaces.Sequence(
        spaces.Tuple((spaces.Discrete(3), spaces.Box(0, 9, (2,), np.int16))), stack=True
    ),
    "Graph": lambda: spaces.Graph(spaces.Box(-1, 1, (3,)), spaces.Discrete(4)),
    "GraphOfBoxes": lambda: spaces.Graph(spaces.Discrete(5), spaces.Box(-1, 1, (2,), np.float64)),
    "GraphWithoutEdges": lambda: spaces.Graph(spaces.Box(0, 255, (2,), np.uint8), None),
    "OneOf": lambda: spaces.OneOf((spaces.Discrete(4), spaces.Box(-1, 1, (2,)), spaces.Text(3))),
    "Nested": lambda: spaces.Dict(
        {
            "pair": spaces.Tuple((spaces.OneOf((spaces.MultiBinary(3), spaces.Discrete(2))), spaces.Text(5))),
            "many": spaces.Sequence(spaces.Tuple((spaces.Box(-1, 1, (2,)), spaces.MultiDiscrete([2, 3])))),
            "graph": spaces.Graph(spaces.Box(-1, 1, (2,)), spaces.Box(-1, 1, (1,))),
        }
    ),
}


class Echo(gymnasium.Env[Any, Any]):
    """Ends an episode at one step in twenty, now in one way, now in the other."""

    def __init__(self, space: str, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self.observation_space = SPACES[space]()
        self.action_space = SPACES[space]()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        return self.observation_space.sample(), {"options": options}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        ended = self.np_random.random() < 0.05
        terminated = bool(ended and self.np_random.random() < 0.5)
        received = fingerprint(action)
        reward = float(self.np_random.normal())
        return self.observation_space.sample(), reward, terminated, ended and not terminated, {"received": received}


class Oddities(Echo):
    """Observes and pays what is no ordinary number, and has all kinds of things in its info."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__("BoxOfDoubles", render_mode)
        self.action_space = spaces.Discrete(2)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, _, terminated, truncated, _ = super().step(action)
        odd = [np.nan, np.inf, -np.inf, -0.0, 5e-324, np.finfo(np.float64).max, 0.1, 1e16, 1 / 3]
        observation[1] = self.np_random.choice(odd, 3)
        return observation, float(self.np_random.choice(odd)), terminated, truncated, self._info()

    def _info(self) -> dict[str, Any]:
        random = self.np_random
        dtypes = (np.float16, np.float32, np.float64, np.int8, np.uint64, np.bool_)
        return {
            "arrays": {np.dtype(dtype).name: random.normal(size=(2, 3)).astype(dtype) for dtype in dtypes},
            "scalars": [np.float32(random.normal()), np.int64(LARGE), np.uint8(7), np.bool_(True), np.float64(np.nan)],
            "odd": np.array([np.nan, np.inf, -0.0], np.float32),
            "plain": (None, True, 0, -1, LARGE, 2**64 - 1, 0.1, float("inf"), 'é\u0000"\\', "", {}, []),
            "nested": {"a": {"b": [{"c": (1, 2)}]}, 1: "an integer's name"},
            "shown": {1 + 2j: {3}, "huge": 2**70, "class": dt.timedelta},
        }


def fingerprint(member: Any) -> Any:
    """What an environment can tell of a value: types, dtypes, shapes and bits.

    A number alone and an array of no dimensions are alike: Gymnasium itself samples now one, now the other.
    """
    match member:
        case np.ndarray() | np.generic():
            return [member.dtype.str, list(member.shape), member.tobytes().hex()]
        case dict():
            return {name: fingerprint(part) for name, part in member.items()}
        case tuple():
            return [type(member).__name__, *map(fingerprint, member)]
    return [type(member).__name__, member]


for _name in SPACES:
    gymnasium.register(f"spaces/{_name}-v0", entry_point=f"{__name__}:Echo", kwargs={"space": _name})
gymnasium.register("spaces/Oddities-v0", entry_point=f"{__name__}:Oddities")
