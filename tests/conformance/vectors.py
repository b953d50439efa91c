"""What Gymnasium's own vector environment of one does in an autoreset mode: the authority on what the modes mean."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import iterate

from tests.conformance.reference import Case


class Moment(NamedTuple):
    """A step, or the reset before all of them, whose action is None."""

    action: Any
    observation: Any
    info: Any
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False


@lru_cache(maxsize=64)
def vector_played(case: Case, mode: str, seed: int, steps: int) -> tuple[Moment, ...]:
    """So many steps with random actions; nobody resets but the vector environment itself."""
    env = SyncVectorEnv([case.make], autoreset_mode=AutoresetMode[mode.upper()])
    space = env.single_action_space
    space.seed(seed)
    observations, infos = env.reset(seed=[seed])
    moments = [Moment(None, _only(env, observations), _info(infos))]
    for _ in range(steps):
        action = space.sample()
        observations, rewards, terminated, truncated, infos = env.step(np.array([action]))
        moments.append(
            Moment(
                action,
                _only(env, observations),
                _info(infos),
                float(rewards[0]),
                bool(terminated[0]),
                bool(truncated[0]),
            )
        )
    env.close()
    return tuple(moments)


def _only(env: SyncVectorEnv, observations: Any) -> Any:
    (observation,) = iterate(env.observation_space, observations)
    return observation


def _info(infos: dict[str, Any]) -> dict[str, Any]:
    """The info of the one environment, out of arrays of values with a mask beside each."""
    return {
        name: _info(value) if isinstance(value, dict) else value[0]
        for name, value in infos.items()
        if not name.startswith("_")
    }
