"""A remote vector environment beside Gymnasium's `SyncVectorEnv` with the same environments, seeds and actions."""

import os
import tempfile
import termios
from collections.abc import Iterator
from typing import Any, get_args

import gymnasium
import numpy as np
import pytest
from gym_server_client import RemoteVectorEnv, TransportName, vector
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from tqdm import tqdm

from tests.conformance import spaces_envs
from tests.conformance.reference import Case, assert_member
from tests.server import Server, running_server

CASES = [
    Case("CartPole-v1"),
    Case("FrozenLake-v1", 12),
    Case("Taxi-v4", 15),  # masks of actions in its info
    Case("Blackjack-v1"),  # a Tuple
    Case("Pendulum-v1", 20),
    Case("spaces/BoxOfPixels-v0"),
    Case("spaces/MultiDiscrete-v0"),
    Case("spaces/Text-v0"),
    Case("spaces/Dict-v0"),
    Case("spaces/Nested-v0"),
]
LANES, STEPS = 3, 80
WAYS: list[tuple[Case, AutoresetMode, TransportName]] = [
    *((case, mode, "websocket-msgpack") for case in CASES for mode in AutoresetMode),
    *((CASES[2], mode, transport) for mode in AutoresetMode for transport in get_args(TransportName)[1:]),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has an environment for each type of space, and those that misbehave."""
    imports = ("--import", "tests.envs", "--import", spaces_envs.__name__)
    with running_server(tmp_path_factory.mktemp("server"), *imports) as running:
        yield running


def both(server: Server, case: Case, mode: AutoresetMode, **choices: Any) -> tuple[SyncVectorEnv, RemoteVectorEnv]:
    """The local and the remote one."""
    local = SyncVectorEnv([case.make] * LANES, autoreset_mode=mode)
    remote = RemoteVectorEnv(
        server.url, case.env_id, LANES, max_episode_steps=case.max_episode_steps, autoreset_mode=mode, **choices
    )
    return local, remote


def assert_equal(here: Any, there: Any) -> None:
    """Values, dtypes and masks alike; of a plain int in `final_obs` the space alone knows the dtype."""
    *of_here, here_infos = here
    *of_there, there_infos = there
    here_final, there_final = (infos.pop("final_obs", np.array([])) for infos in (here_infos, there_infos))
    for ours, theirs in zip(here_final, there_final, strict=True):
        if ours is not None or theirs is not None:
            assert_member(ours, theirs)
    assert data_equivalence((of_here, here_infos), (of_there, there_infos), exact=True), f"{here} is not {there}"


@pytest.mark.parametrize(("case", "mode", "transport"), WAYS, ids=str)
def test_it_is_sync_vector_env(server: Server, case: Case, mode: AutoresetMode, transport: TransportName) -> None:
    """120 steps through many ends: observations, rewards, flags, infos with their masks, final ones included."""
    local, remote = both(server, case, mode, transport=transport)
    assert remote.observation_space == local.observation_space
    assert remote.action_space == local.action_space
    local.action_space.seed(9)
    assert_equal(local.reset(seed=[4, 2, 9]), remote.reset(seed=[4, 2, 9]))
    assert_equal(local.reset(seed=7), remote.reset(seed=7))
    ends = 0
    for _ in range(STEPS):
        actions = local.action_space.sample()
        here, there = local.step(actions), remote.step(actions)
        assert_equal(here, there)
        ended = here[2] | here[3]
        ends += ended.sum()
        if mode is AutoresetMode.DISABLED and ended.any():
            masks = [{"reset_mask": ended.copy()} for _ in range(2)]
            assert_equal(local.reset(options=masks[0]), remote.reset(options=masks[1]))
    assert ends > LANES
    local.close()
    remote.close()


def test_it_comes_out_of_the_registry(server: Server) -> None:
    """`gymnasium.make_vec` makes one, which knows how it resets itself."""
    env = gymnasium.make_vec(
        "gym_server_client/Remote-v0", num_envs=2, url=server.url, env_id="CartPole-v1", autoreset_mode="SameStep"
    )
    assert isinstance(env, RemoteVectorEnv)
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.reset(seed=1)[0].shape == (2, 4)
    env.close()
    env.close()


def test_lanes_may_differ_in_their_kwargs(server: Server) -> None:
    """Two lakes, one of them slippery; and of two with different spaces none is left behind."""
    lakes = [{"is_slippery": False}, {"is_slippery": True}]
    env = RemoteVectorEnv(server.url, "FrozenLake-v1", 2, kwargs=lakes)
    _, infos = env.reset(seed=0)
    *_, infos = env.step(np.array([2, 2]))
    assert infos["prob"][0] == 1.0 > infos["prob"][1]
    env.close()
    with pytest.raises(ValueError, match="different spaces"):
        RemoteVectorEnv(server.url, "FrozenLake-v1", 2, kwargs=[{"map_name": "4x4"}, {"map_name": "8x8"}])


def test_who_waits_for_many_lanes_sees_how_far_it_is(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal; elsewhere nothing is written."""
    monkeypatch.setattr(vector, "_PATIENT_S", 0.0)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # it needs no thread here
    primary, secondary = os.openpty()
    termios.tcsetwinsize(secondary, (24, 80))
    with os.fdopen(secondary, "w") as terminal, tempfile.TemporaryFile("w+") as file:
        for stream in (terminal, file):
            monkeypatch.setattr("sys.stderr", stream)
            RemoteVectorEnv(server.url, "CartPole-v1", 20).close()
        file.seek(0)
        assert not file.read()
        assert "environments" in os.read(primary, 1 << 16).decode()
    os.close(primary)


def test_every_lane_is_drawn(server: Server) -> None:
    """A picture for each."""
    env = RemoteVectorEnv(server.url, "CartPole-v1", 2, render_mode="rgb_array")
    env.reset(seed=1)
    pictures = env.render()
    assert pictures
    assert [picture.shape for picture in pictures] == [(400, 600, 3)] * 2
    env.close()


def test_a_step_beyond_an_end_needs_a_reset(server: Server) -> None:
    """In the mode in which nobody resets but the user."""
    env = RemoteVectorEnv(server.url, "CartPole-v1", 2, max_episode_steps=1, autoreset_mode=AutoresetMode.DISABLED)
    env.reset(seed=1)
    env.step(np.array([0, 0]))
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.array([0, 0]))
    env.close()


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_crash_is_one_truncated_lane(server: Server, mode: AutoresetMode) -> None:
    """With its last observation, no reward, and the report; the others go on, and it is back after its reset."""
    env = RemoteVectorEnv(server.url, "test/Exits-v0", LANES, autoreset_mode=mode)
    env.reset(seed=1)
    observations, rewards, terminated, truncated, infos = env.step(np.array([0, 1, 0]))
    assert truncated.tolist() == [False, True, False]
    assert not terminated.any()
    assert not rewards.any()
    assert observations.shape == (LANES, 2)
    assert infos["_fault"].tolist() == [False, True, False]
    assert infos["fault"]["code"][1] == "worker_crashed"
    assert infos["fault"]["crash"]["exit_code"][1] == 3
    if mode is AutoresetMode.SAME_STEP:
        assert infos["final_info"]["fault"]["code"][1] == "worker_crashed"
        assert infos["final_obs"][1].shape == (2,)
    if mode is AutoresetMode.DISABLED:
        env.reset(options={"reset_mask": truncated})
    for _ in range(2):
        *_, truncated, infos = env.step(np.array([0, 0, 0]))
        assert not truncated.any()
        assert "fault" not in infos
    env.close()
