"""What Gymnasium does in this process: the episodes that a server has to repeat, bit for bit."""

import copy
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import ale_py
import gymnasium
import minigrid
import numpy as np
from gymnasium.spaces import GraphInstance

from tests.conformance import spaces_envs

gymnasium.register_envs(ale_py)
gymnasium.register_envs(minigrid)
gymnasium.register_envs(spaces_envs)


class Case(NamedTuple):
    """An environment, and how it is made; `max_episode_steps` gives those whose episodes are long several of them."""

    env_id: str
    max_episode_steps: int | None = None
    kwargs: tuple[tuple[str, Any], ...] = ()
    steps: int = 200

    def make(self) -> gymnasium.Env[Any, Any]:
        """The environment, in this process."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Box2D's bindings warn as they are loaded, and crash where that raises
            return gymnasium.make(
                self.env_id, max_episode_steps=self.max_episode_steps, disable_env_checker=True, **dict(self.kwargs)
            )

    def __str__(self) -> str:
        return "-".join(map(str, (self.env_id, *dict(self.kwargs).values())))

    @property
    def fields(self) -> dict[str, Any]:
        """What a client asks the server for."""
        fields: dict[str, Any] = {"env_id": self.env_id}
        if self.max_episode_steps:
            fields["max_episode_steps"] = self.max_episode_steps
        if self.kwargs:
            fields["kwargs"] = dict(self.kwargs)
        return fields


class Began(NamedTuple):
    """The beginning of an episode."""

    seed: int | None
    observation: Any
    info: Any


class Stepped(NamedTuple):
    """One step."""

    action: Any
    observation: Any
    reward: Any
    terminated: Any
    truncated: Any
    info: Any

    @property
    def ends(self) -> bool:
        """Whether the episode ends with it."""
        return bool(self.terminated or self.truncated)


@lru_cache(maxsize=256)
def played(case: Case, seed: int, steps: int) -> tuple[Began | Stepped, ...]:
    """So many steps with random actions, a reset wherever an episode ends."""
    env = case.make()
    try:
        return tuple(copy.deepcopy(event) for event in _play(env, steps, seed))
    finally:
        env.close()


def _play(env: gymnasium.Env[Any, Any], steps: int, seed: int) -> Iterator[Began | Stepped]:
    env.action_space.seed(seed)
    yield Began(seed, *env.reset(seed=seed))
    for _ in range(steps):
        action = env.action_space.sample()
        step = Stepped(copy.deepcopy(action), *env.step(action))
        yield step
        if step.ends:
            yield Began(None, *env.reset())


def assert_member(local: Any, remote: Any) -> None:
    """A member of a space is the same: types, dtypes, shapes and bits.

    Where an environment returns a plain int for a member of Discrete, the description alone knows the dtype; and
    a number alone is an array of no dimensions.
    """
    match local:
        case np.ndarray() | np.generic():
            assert (remote.dtype, remote.shape, remote.tobytes()) == (local.dtype, local.shape, local.tobytes())
        case bool() | int():
            assert isinstance(remote, np.integer)
            assert remote == local
        case dict():
            assert remote.keys() == local.keys()
            for name in local:
                assert_member(local[name], remote[name])
        case GraphInstance() | tuple():
            assert type(remote) is type(local)
            assert len(remote) == len(local)
            for ours, theirs in zip(local, remote, strict=True):
                assert_member(ours, theirs)
        case _:
            assert type(remote) is type(local)
            assert remote == local


def assert_value(local: Any, remote: Any) -> None:  # noqa: C901 - a case a type
    """A value that no space describes is the same: what the encoding has a form for, to the bit; the rest is shown.

    In JSON nothing tells a number's precision, so the reader has to know it.
    """
    match local:
        case np.ndarray():
            array = remote if isinstance(remote, np.ndarray) else np.array(remote, local.dtype).reshape(local.shape)
            assert (array.dtype, array.shape, array.tobytes()) == (local.dtype, local.shape, local.tobytes())
        case np.floating():
            assert isinstance(remote, float | str)
            assert local.dtype.type(remote).tobytes() == local.tobytes()
        case np.generic():
            assert_value(local.item(), remote)
        case float():
            assert not isinstance(remote, bool)
            assert np.float64(remote).tobytes() == np.float64(local).tobytes()
        case dict():
            assert {str(name): value for name, value in local.items()}.keys() == remote.keys()
            for name in local:
                assert_value(local[name], remote[str(name)])
        case list() | tuple():
            assert len(remote) == len(local)
            for ours, theirs in zip(local, remote, strict=True):
                assert_value(ours, theirs)
        case None | bool() | str():
            assert remote is local or remote == local
            assert type(remote) is type(local)
        case int() if -(2**63) <= local < 2**64:
            assert (type(remote), remote) == (int, local)
        case _:
            assert remote == {"$repr": repr(local)}
