"""The spaces as `GET /v1/envs/<id>/info` of the first gym-server printed them."""

import json
from typing import Any

import gymnasium
from gymnasium import spaces

from protocol.spaces import describe_json


def seed_info(env: gymnasium.Env[Any, Any]) -> bytes:
    """`{"action_space": "Discrete(2)", "observation_space": {"low", "high", "shape"}}`, infinities as bare words.

    The seed knew only boxes; any other observation space is described as in `/v2`. The bare `Infinity` is no JSON,
    which is the one exception that the contract makes for the seed's sake.
    """
    space = env.observation_space
    if isinstance(space, spaces.Box):
        observation = {
            "low": _shortest(space.low.tolist(), space.low.dtype.type),
            "high": _shortest(space.high.tolist(), space.high.dtype.type),
            "shape": list(space.shape),
        }
    else:
        observation = json.loads(describe_json(space))
    return json.dumps({"action_space": str(env.action_space), "observation_space": observation}).encode()


def _shortest(value: Any, number: Any) -> Any:
    """The nested list with each number in the fewest digits that give back its bits: 4.8, not 4.800000190734863."""
    if isinstance(value, list):
        return [_shortest(part, number) for part in value]
    return float(str(number(value))) if isinstance(value, float) else value
