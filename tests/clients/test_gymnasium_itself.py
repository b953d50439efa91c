"""Gymnasium's own checks and trajectories, on environments that run in a server."""

import pickle
import warnings
from collections.abc import Iterator
from typing import Any, get_args

import gymnasium
import numpy as np
import pytest
from gym_server_client import InvalidAction, RemoteEnv, RemoteError, TransportName
from gymnasium.utils.env_checker import check_env, data_equivalence

from tests.conformance import spaces_envs
from tests.conformance.reference import Case, assert_member, assert_value
from tests.conformance.test_remote_is_local import CASES, PIXELS
from tests.server import Server, running_server

TRANSPORTS = get_args(TransportName)
PLAYED = [
    Case("CartPole-v1"),
    Case("Pendulum-v1", 60),
    Case("MiniGrid-Empty-5x5-v0", 30),
    Case("spaces/Oddities-v0"),
    Case("spaces/Nested-v0"),
]
EVERY = [PIXELS, *CASES]
CHECKED = [
    pytest.param(case, id=str(case), marks=() if case in PLAYED else pytest.mark.slow)
    for case in EVERY
    if case.env_id != "spaces/Oddities-v0"  # whose info is never the same twice, which Gymnasium finds wrong anywhere
]
ADVICE = ".*(Box|symmetric|should be an int)"
"""What `check_env` says to authors: that observations should be bounded, actions normalised, numbers of 64 bits."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has an environment for each type of space."""
    with running_server(tmp_path_factory.mktemp("server"), "--import", spaces_envs.__name__) as running:
        yield running


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", CHECKED)
def test_gymnasium_finds_nothing_wrong(server: Server, case: Case, transport: TransportName) -> None:
    """`check_env` passes for an environment out of the registry; of heavy ones the pictures are drawn over one way."""
    env = gymnasium.make(
        "gym_server_client/Remote-v0",
        url=server.url,
        env_id=case.env_id,
        kwargs=dict(case.kwargs),
        max_episode_steps=case.max_episode_steps,
        transport=transport,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=ADVICE)
        check_env(env.unwrapped, skip_render_check=case not in PLAYED and transport != TRANSPORTS[0])
    env.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", PLAYED, ids=str)
def test_a_trajectory_is_the_local_one(server: Server, case: Case, transport: TransportName) -> None:
    """100 steps over several episodes: spaces, observations, rewards, flags and infos are equal to the last bit."""
    follow(server, case, transport, 100)


@pytest.mark.slow
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_every_trajectory_is_the_local_one(server: Server, case: Case) -> None:
    """1,000 steps of each environment that the server is tested with."""
    follow(server, case, "websocket-msgpack", 1000)


def follow(server: Server, case: Case, transport: TransportName, steps: int) -> None:
    """The remote environment does what the local one does."""
    local = case.make()
    remote = RemoteEnv(
        server.url,
        case.env_id,
        kwargs=dict(case.kwargs),
        max_episode_steps=case.max_episode_steps,
        transport=transport,
    )
    if "MiniGrid" not in case.env_id:  # its missions are a space of its own
        assert remote.observation_space == local.observation_space
    assert remote.action_space == local.action_space
    local.action_space.seed(3)
    _compare(local.reset(seed=3), remote.reset(seed=3))
    for _ in range(steps):
        action = local.action_space.sample()
        here, there = local.step(action), remote.step(action)
        _compare(here, there)
        if here[2] or here[3]:
            _compare(local.reset(), remote.reset())
    local.close()
    remote.close()


def _compare(here: tuple[Any, ...], there: tuple[Any, ...]) -> None:
    """A reward is a float on the wire, whatever kind of number the environment pays."""
    assert_member(here[0], there[0])
    for ours, theirs in zip(here[1:], there[1:], strict=True):
        assert_value(float(ours) if isinstance(theirs, float) else ours, theirs)


@pytest.mark.parametrize("space", list(spaces_envs.SPACES))
def test_every_space_is_rebuilt(server: Server, space: str) -> None:
    """One that is equal, draws the same samples, and whose members pass for actions."""
    remote = RemoteEnv(server.url, f"spaces/{space}-v0")
    local = spaces_envs.SPACES[space]()
    assert remote.action_space == local
    local.seed(5)
    remote.action_space.seed(5)
    remote.reset(seed=1, options={"a": [1, None]})
    for _ in range(3):
        action = remote.action_space.sample()
        assert spaces_envs.fingerprint(action) == spaces_envs.fingerprint(local.sample())
        *_, info = remote.step(action)
        assert info == {"received": spaces_envs.fingerprint(action)}
    remote.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_pictures_are_those_that_gymnasium_draws(server: Server, transport: TransportName) -> None:
    """Pixel by pixel; and text where the mode is text."""
    local = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    remote = RemoteEnv(server.url, "CartPole-v1", render_mode="rgb_array", transport=transport)
    local.reset(seed=2)
    remote.reset(seed=2)
    assert np.array_equal(np.asarray(local.render()), remote.render())
    lake = RemoteEnv(server.url, "FrozenLake-v1", render_mode="ansi", transport=transport)
    lake.reset(seed=2)
    assert "SFFF" in lake.render().replace("\x1b[41mS\x1b[0m", "S")
    assert lake.metadata["render_modes"] == ["rgb_array", "ansi"]
    for env in (local, remote, lake):
        env.close()


def test_human_rendering_is_gymnasiums_own(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window opens here, without a display in memory, and shows what the server draws."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with pytest.warns(UserWarning, match="HumanRendering"):
        env = gymnasium.make("gym_server_client/Remote-v0", url=server.url, env_id="CartPole-v1", render_mode="human")
    env.reset(seed=1)
    env.step(0)
    assert str(env).startswith("<HumanRendering")
    assert env.get_wrapper_attr("window") is not None
    env.close()


def test_a_pickled_environment_is_a_new_one_made_alike(server: Server) -> None:
    """An instance of its own, with the same arguments."""
    env = RemoteEnv(server.url, "FrozenLake-v1", kwargs={"map_name": "8x8"})
    twin = pickle.loads(pickle.dumps(env))  # noqa: S301 - our own
    assert twin.instance_id != env.instance_id
    assert twin.observation_space == env.observation_space == gymnasium.spaces.Discrete(64)
    assert data_equivalence(twin.reset(seed=1), env.reset(seed=1))
    twin.close()
    env.close()


def test_closing_ends_the_process(server: Server) -> None:
    """The instance is closed; a step after that says so, a second close does not."""
    env = RemoteEnv(server.url, "CartPole-v1")
    env.close()
    env.close()
    assert server.http.get(f"/v2/envs/{env.instance_id}").json()["code"] == "instance_gone"
    with pytest.raises(gymnasium.error.ClosedEnvironmentError):
        env.step(0)


def test_mistakes_raise_what_gymnasium_users_catch(server: Server) -> None:
    """With the server's code in them; the environment lives on."""
    env = RemoteEnv(server.url, "CartPole-v1")
    with pytest.raises(gymnasium.error.ResetNeeded) as needed:
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(gymnasium.error.InvalidAction) as invalid:
        env.step(7)
    with pytest.raises(gymnasium.error.UnregisteredEnv) as unknown:
        RemoteEnv(server.url, "CartPoole-v1")
    with pytest.raises(ValueError, match="map_name"):
        RemoteEnv(server.url, "FrozenLake-v1", kwargs={"map_nam": "8x8"})
    errors = [caught.value for caught in (needed, invalid, unknown)]
    codes = [error.code for error in errors if isinstance(error, RemoteError)]
    assert codes == ["reset_needed", "invalid_action", "unknown_environment"]
    twin = pickle.loads(pickle.dumps(errors[1]))  # noqa: S301 - our own
    assert (type(twin), str(twin)) == (InvalidAction, str(errors[1]))
    env.step(0)
    env.close()
