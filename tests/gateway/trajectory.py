"""CartPole in this process: what each command to a server's CartPole has to come to."""

import random
from collections.abc import Iterator
from typing import Any, Self

import gymnasium
import numpy as np


class Trajectory:
    """Episodes with random actions. Iterating yields operation, fields and answer of one command after the other."""

    def __init__(self, seed: int) -> None:
        self.steps = 0
        self._env = gymnasium.make("CartPole-v1", disable_env_checker=True)
        self._random = random.Random(seed)
        self._seed: int | None = seed
        self._has_ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._env.close()

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        while True:
            yield self._reset() if self._has_ended else self._step()

    def _reset(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        fields = {} if self._seed is None else {"seed": self._seed}
        observation, info = self._env.reset(seed=self._seed)
        self._seed, self._has_ended = None, False
        return "reset", fields, {"observation": observation.tolist(), "info": info}

    def _step(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        action = self._random.randrange(2)
        observation, reward, terminated, truncated, info = self._env.step(action)
        self._has_ended = terminated or truncated
        self.steps += 1
        told = {"observation": observation.tolist(), "reward": reward, "terminated": terminated}
        return "step", {"action": action}, {**told, "truncated": truncated, "info": info}


def as_local(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its observation rounded as CartPole's float32 are: JSON has their fewest digits."""
    return answer | {"observation": np.array(answer["observation"], np.float32).tolist()}
