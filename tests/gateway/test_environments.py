"""The seed's session on environments of every family, against the same ones stepped in the test's own process."""

import json
from collections.abc import Iterator
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
SEED = 7


@dataclass(frozen=True)
class Case:
    """An environment, an action, and the width and height of its picture."""

    env_id: str
    action: Any
    size: tuple[int, int]

    def __str__(self) -> str:
        return self.env_id


CASES = [
    Case("CartPole-v1", 1, (600, 400)),
    Case("FrozenLake-v1", 3, (256, 256)),
    Case("Taxi-v4", 0, (536, 456)),
    Case("Blackjack-v1", 1, (384, 376)),
    Case("Pendulum-v1", [0.5], (500, 500)),
    Case("Pendulum-v1", 0.5, (500, 500)),
    Case("LunarLander-v3", 2, (600, 400)),
    Case("Ant-v5", [0.1, -0.2, 0.3, 0, 0, 1, -1, 0.5], (480, 480)),
    Case("ALE/Pong-v5", 0, (160, 210)),
    Case("MiniGrid-Empty-5x5-v0", 2, (160, 160)),
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


def is_same(one: Any, other: Any) -> bool:
    """Whether two observations are the same, bit for bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(np.array_equal(one, other))


def test_an_episode_is_that_of_the_local_environment(server: Server, case: Case, env: Env) -> None:
    """With the same seed: every observation and reward, bit for bit, and an info with the same keys.

    The seed's own API has no seed; an instance that was created with one, as gym-http-api's clients do, plays the same.
    """
    created = server.http.post("/v1/envs/", json={"env_id": case.env_id, "seed": SEED})
    path = f"/v1/envs/{created.json()['instance_id']}"
    expected, _ = env.reset(seed=SEED)
    assert is_same(observed(env, server.http.post(f"{path}/reset/").json()["observation"]), expected)
    action = read_member(env.action_space, [0.5] if case.action == 0.5 else case.action, "$")
    ended = False
    for _ in range(20):
        if ended:
            break
        expected, reward, terminated, truncated, info = env.step(action)
        said = server.http.post(f"{path}/step/", json={"action": case.action}).json()
        assert is_same(observed(env, said["observation"]), expected)
        assert said["reward"] == float(reward)
        assert (said["terminated"], said["truncated"]) == (terminated, truncated)
        assert said["info"].keys() == info.keys()
        ended = terminated or truncated
        assert said["done"] is ended
    server.http.post(f"{path}/close/")


def test_the_seeds_session_has_the_observations_of_the_space(
    server: Server, case: Case, env: Env, instance: str
) -> None:
    """Numbers, lists, objects and texts, each of the space's dtype, shape and bounds."""
    observed(env, server.reset(instance))
    for _ in range(3):
        answer = server.step(instance, case.action)
        assert answer.status_code == 200, answer.text
        observed(env, answer.json()["observation"])
        if answer.json()["done"]:
            server.reset(instance)


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
