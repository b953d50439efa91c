"""The seed's session on environments of every family, against the same ones stepped in the test's own process.

The seed's API has no seed for its random generators. So an observation is compared where the environment begins in
one state, or can be put into the one that the observation tells; elsewhere it has to be a member of the space.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import ale_py  # noqa: F401 - registers its environments
import gymnasium
import minigrid  # noqa: F401 - registers its environments
import numpy as np
import pytest
from PIL import Image

from protocol.actions import read_member
from tests.server import Server

# Box2D's bindings warn in C while they are imported, and end the process where that is an error.
pytestmark = pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")

Env = gymnasium.Env[Any, Any]
PutInto = Callable[[Env, Any], None]


def as_it_begins(_env: Env, _observation: Any) -> None:
    """Every episode begins in one state."""


def as_cartpole(env: Env, observation: Any) -> None:
    """The observation is the state."""
    env.unwrapped.state = observation.astype(np.float64)  # type: ignore[attr-defined]  # CartPole's own


def as_pendulum(env: Env, observation: Any) -> None:
    """The observation is the cosine and sine of the angle, and its speed."""
    cosine, sine, speed = observation.astype(np.float64)
    env.unwrapped.state = np.array([np.arctan2(sine, cosine), speed])  # type: ignore[attr-defined]  # Pendulum's own


def as_taxi(env: Env, observation: Any) -> None:
    """The observation is the number of the state."""
    env.unwrapped.s = observation  # type: ignore[attr-defined]  # Taxi's own


@dataclass(frozen=True)
class Case:
    """An environment, an action, the size of its picture, and how to put a local one into an observed state."""

    env_id: str
    action: Any
    size: tuple[int, int]
    put_into: PutInto | None = None

    def __str__(self) -> str:
        return self.env_id


CASES = [
    Case("CartPole-v1", 1, (600, 400), as_cartpole),
    Case("FrozenLake-v1", 3, (256, 256)),
    Case("Taxi-v4", 0, (536, 456), as_taxi),
    Case("Blackjack-v1", 1, (384, 376)),
    Case("Pendulum-v1", [0.5], (500, 500), as_pendulum),
    Case("Pendulum-v1", 0.5, (500, 500), as_pendulum),
    Case("LunarLander-v3", 2, (600, 400)),
    Case("Ant-v5", [0.1, -0.2, 0.3, 0, 0, 1, -1, 0.5], (480, 480)),
    Case("ALE/Pong-v5", 0, (160, 210), as_it_begins),
    Case("MiniGrid-Empty-5x5-v0", 2, (160, 160), as_it_begins),
]


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One environment after the other."""
    chosen: Case = request.param
    return chosen


@pytest.fixture
def env(case: Case) -> Iterator[Env]:
    """The environment in the test's own process, reset."""
    local = gymnasium.make(case.env_id, disable_env_checker=True)
    local.reset(seed=0)
    yield local
    local.close()


@pytest.fixture
def instance(server: Server, case: Case) -> Iterator[str]:
    """The environment in a worker, not yet reset."""
    instance_id = server.create(case.env_id)
    yield instance_id
    server.http.delete(f"/v2/envs/{instance_id}")


def observed(env: Env, value: Any) -> Any:
    """The observation that the JSON stands for: of the space's own dtype and shape, and within its bounds."""
    return read_member(env.observation_space, value, "$.observation")


def is_close(one: Any, other: Any) -> bool:
    """Whether two observations are the same, up to what is lost by writing down a state."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_close(one[key], other[key]) for key in one)
    if isinstance(one, str):
        return one == str(other)
    return bool(np.allclose(one, other, rtol=1e-5, atol=1e-6))


def test_an_episode_has_the_observations_of_the_space(server: Server, case: Case, env: Env, instance: str) -> None:
    """Numbers, lists, objects and texts, each of the space's dtype, shape and bounds; the info has the same keys."""
    observed(env, server.reset(instance))
    *_, info = env.step(read_member(env.action_space, [0.5] if case.action == 0.5 else case.action, "$"))
    for _ in range(3):
        answer = server.step(instance, case.action)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        observed(env, said["observation"])
        assert isinstance(said["reward"], float)
        assert said["done"] is (said["terminated"] or said["truncated"])
        assert said["info"].keys() == info.keys()
        if said["done"]:
            server.reset(instance)


@pytest.mark.parametrize("case", [case for case in CASES if case.put_into], ids=str, indirect=True)
def test_a_step_is_that_of_the_local_environment(server: Server, case: Case, env: Env, instance: str) -> None:
    """From the same state the same action leads to the same observation and reward."""
    assert case.put_into
    before = observed(env, server.reset(instance))
    first, _ = env.reset(seed=0)
    case.put_into(env, before)
    if case.put_into is as_it_begins:
        assert is_close(before, first)
    action = read_member(env.action_space, [0.5] if case.action == 0.5 else case.action, "$")
    for _ in range(3):
        expected, reward, terminated, truncated, _ = env.step(action)
        said = server.step(instance, case.action).json()
        assert is_close(observed(env, said["observation"]), expected)
        assert said["reward"] == pytest.approx(float(reward), rel=1e-5)
        assert (said["terminated"], said["truncated"]) == (terminated, truncated)


def test_the_pictures_are_real(server: Server, case: Case, instance: str) -> None:
    """Drawn without a screen, of the environment's own size, and more than one colour."""
    reply = server.http.post(f"/v1/envs/{instance}/reset/", json={"render": True}).json()
    assert reply["observation"]["render"] == "successfully rendered: 1.png"
    said = server.step(instance, case.action, render=True).json()
    assert said["render"] == "successfully rendered: 2.png"
    for name in ("1.png", "2.png"):
        with Image.open(BytesIO(server.files.get(f"/{instance}/rendered/{name}").content)) as image:
            assert image.size == case.size
            assert len(image.convert("RGB").getcolors(2**24) or ()) > 3


def test_info_tells_the_spaces(server: Server, env: Env, instance: str) -> None:
    """The action space in Gymnasium's own words, a Box as the page's three fields, other spaces by their type."""
    told = json.loads(server.http.get(f"/v1/envs/{instance}/info").text)
    assert told["action_space"] == str(env.action_space)
    space = env.observation_space
    if isinstance(space, gymnasium.spaces.Box):
        assert told["observation_space"]["shape"] == list(space.shape)
        assert np.array_equal(np.array(told["observation_space"]["high"], space.dtype), space.high)
        assert np.array_equal(np.array(told["observation_space"]["low"], space.dtype), space.low)
    else:
        assert told["observation_space"]["type"] == type(space).__name__


def test_an_environment_of_text_is_drawn_and_kept_as_text(server: Server) -> None:
    """FrozenLake with render_mode "ansi": 1.txt as it printed itself, 1.png as a terminal shows it."""
    instance = server.create("FrozenLake-v1", render_mode="ansi")
    reply = server.http.post(f"/v1/envs/{instance}/reset/", json={"render": True}).json()
    assert reply == {"observation": {"observation": 0, "render": "successfully rendered: 1.png"}}
    text = server.files.get(f"/{instance}/rendered/1.txt")
    assert text.headers["Content-Type"].startswith("text/plain")
    assert text.text.replace("\x1b[41m", "").replace("\x1b[0m", "").split() == ["SFFF", "FHFH", "FFFH", "HFFG"]
    with Image.open(BytesIO(server.files.get(f"/{instance}/rendered/1.png").content)) as image:
        assert len(image.getcolors(2**24) or ()) > 3


def test_blackjack_observes_a_tuple_as_a_list(server: Server) -> None:
    """The player's sum, the dealer's card, and whether there is a usable ace: three numbers."""
    player, dealer, ace = server.reset(server.create("Blackjack-v1"))
    assert 4 <= player <= 21
    assert 1 <= dealer <= 10
    assert ace in (0, 1)


def test_minigrid_observes_an_object_with_its_mission(server: Server) -> None:
    """A Dict space is an object, a Text in it a string."""
    first = server.reset(server.create("MiniGrid-Empty-5x5-v0"))
    assert first.keys() == {"image", "direction", "mission"}
    assert first["mission"] == "get to the green goal square"
    assert np.array(first["image"]).shape == (7, 7, 3)
