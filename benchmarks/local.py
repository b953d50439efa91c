"""Gymnasium in one's own process, and how to play anything that has its interface: the remote environments, too."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv

from benchmarks.rounds import Play, one_by_one


def make(env_id: str) -> gymnasium.Env[Any, Any]:
    """The environment with the wrappers that a worker gives it: all of `gymnasium.make` but the checker for authors."""
    return gymnasium.make(env_id, disable_env_checker=True)


def playing(env: gymnasium.Env[Any, Any], actions: Sequence[Any] = (0, 1)) -> Play:
    """Steps, and a reset in place of the step after the end of an episode, as vector environments do by default."""
    has_ended = True

    def ask(number: int) -> None:
        nonlocal has_ended
        if has_ended:
            env.reset()
            has_ended = False
        else:
            _, _, terminated, truncated, _ = env.step(actions[number % 2])
            has_ended = terminated or truncated

    return one_by_one(ask)


def playing_vector(envs: VectorEnv[Any, Any, Any]) -> Play:
    """Each request is a step of all of them."""
    envs.reset(seed=0)
    actions = [np.full(envs.num_envs, action) for action in (0, 1)]
    return one_by_one(lambda number: envs.step(actions[number % 2]), envs.num_envs)


@contextlib.contextmanager
def alone(env_id: str) -> Iterator[Play]:
    """`env.step`, with nothing between; its actions are of the type that its space's `sample` has, as workers' are."""
    with contextlib.closing(make(env_id)) as env:
        kind = env.action_space.dtype
        assert kind  # noqa: S101 - narrows; spaces of numbers have one
        yield playing(env, [kind.type(action) for action in (0, 1)])


@contextlib.contextmanager
def sync_vector(env_id: str, count: int) -> Iterator[Play]:
    """`SyncVectorEnv`: all in this process, one after the other."""
    with contextlib.closing(SyncVectorEnv(_makers(env_id, count))) as envs:
        yield playing_vector(envs)


@contextlib.contextmanager
def async_vector(env_id: str, count: int) -> Iterator[Play]:
    """`AsyncVectorEnv`: each in a process of its own, observations through shared memory, as its defaults are."""
    with contextlib.closing(AsyncVectorEnv(_makers(env_id, count))) as envs:
        yield playing_vector(envs)


def _makers(env_id: str, count: int) -> list[Callable[[], gymnasium.Env[Any, Any]]]:
    return [partial(make, env_id) for _ in range(count)]
