"""One request for many instances: at the same time, position by position, and one failure leaves the others alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from tests.gateway.gates import GATES, Gate
from tests.server import Server, running_server

MSGPACK = "application/msgpack"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that misbehave, and those that wait at a gate."""
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--import", "tests.envs", *GATES) as running:
        yield running


def begun(server: Server, env_id: str, **fields: Any) -> str:
    """The id of a new instance in its first episode."""
    instance_id = str(server.http.post("/v2/envs", json={"env_id": env_id, **fields}).json()["instance_id"])
    assert server.http.post(f"/v2/envs/{instance_id}/reset", json={"seed": 1}).status_code == 200
    return instance_id


def ask(server: Server, op: str, **fields: Any) -> Any:
    """The answer to a batch, in JSON."""
    reply = server.http.post(f"/v2/{op}", json=fields)
    assert reply.status_code == 200, reply.text
    return reply.json()


def ask_packed(server: Server, op: str, **fields: Any) -> Any:
    """The answer to a batch, in MessagePack."""
    headers = {"Content-Type": MSGPACK, "Accept": MSGPACK}
    reply = server.http.post(f"/v2/{op}", content=msgpack.packb(fields), headers=headers)
    assert reply.status_code == 200, reply.content
    return msgpack.unpackb(reply.content, ext_hook=_array)


def _array(code: int, data: bytes) -> Any:
    assert code == 1
    dtype, shape, content = msgpack.unpackb(data)
    return np.frombuffer(content, dtype).reshape(shape)


def test_all_workers_step_at_the_same_time(server: Server, tmp_path: Path) -> None:
    """Each is within its step before any of them is let out."""
    with ThreadPoolExecutor() as pool, Gate(tmp_path / "one") as one, Gate(tmp_path / "two") as two:
        gates = [one, two, one]
        ids = [begun(server, "gates/Gated-v0", kwargs=gate.kwargs) for gate in gates]
        asked = pool.submit(ask, server, "step", instance_ids=ids, actions=[1, 1, 0])
        one.wait_until_entered()
        two.wait_until_entered()
        two.release()
        one.release()
        answer = asked.result()
    assert answer["observations"] == [[1], [1], [1]]
    assert answer["errors"] == {}


def test_an_instance_that_is_named_twice_takes_both_steps_in_order(server: Server, tmp_path: Path) -> None:
    """The order is that of the batch."""
    with Gate(tmp_path / "gate") as gate:
        first, second = (begun(server, "gates/Gated-v0", kwargs=gate.kwargs) for _ in range(2))
    answer = ask(server, "step", instance_ids=[first, second, first, first], actions=[0, 0, 0, 0])
    assert answer["observations"] == [[1], [1], [2], [3]]


def test_every_position_has_its_own_answer_or_its_own_error(server: Server) -> None:
    """As a request of its own would have had it."""
    good, other, closed, crashed, raises, exits, ended = (
        begun(server, env_id)
        for env_id in ("CartPole-v1", "CartPole-v1", "CartPole-v1", "CartPole-v1", "test/Raises-v0", "test/Exits-v0",
                       "CartPole-v1")
    )  # fmt: skip
    server.http.delete(f"/v2/envs/{closed}")
    server.http.post(f"/v2/envs/{crashed}/kill")
    while not ask(server, "step", instance_ids=[ended], actions=[1])["terminated"][0]:
        pass
    ids = [good, "00000000", closed, crashed, raises, exits, ended, other]
    answer = ask(server, "step", instance_ids=ids, actions=[0, 0, 0, 0, 1, 1, 0, 9])
    assert {position: (told["status"], told["code"]) for position, told in answer["errors"].items()} == {
        "1": (404, "unknown_instance"),
        "2": (410, "instance_gone"),
        "3": (410, "instance_gone"),
        "4": (500, "environment_error"),
        "5": (502, "worker_crashed"),
        "6": (409, "reset_needed"),
        "7": (422, "invalid_action"),
    }
    assert {told["instance"] for told in answer["errors"].values()} == {f"/v2/envs/{id_}" for id_ in ids[1:]}
    assert answer["errors"]["5"]["crash"]["exit_code"] == 3
    for name in ("observations", "rewards", "terminated", "truncated", "infos"):
        assert [value is None for value in answer[name]] == [False, *[True] * 7]
    assert server.http.post(f"/v2/envs/{other}/step", json={"action": 0}).status_code == 200


def test_a_batch_is_what_its_parts_would_have_been_alone(server: Server) -> None:
    """The same seeds and actions, in one request each and all in one."""
    alone = [begun(server, "CartPole-v1") for _ in range(3)]
    together = [begun(server, "CartPole-v1") for _ in range(3)]
    resets = [server.http.post(f"/v2/envs/{id_}/reset", json={"seed": seed}).json() for seed, id_ in enumerate(alone)]
    answer = ask(server, "reset", instance_ids=together, seeds=[0, 1, 2])
    assert answer["observations"] == [reset["observation"] for reset in resets]
    steps = [server.http.post(f"/v2/envs/{id_}/step", json={"action": n % 2}).json() for n, id_ in enumerate(alone)]
    answer = ask(server, "step", instance_ids=together, actions=[0, 1, 0])
    assert answer == {
        "observations": [step["observation"] for step in steps],
        "rewards": [step["reward"] for step in steps],
        "terminated": [step["terminated"] for step in steps],
        "truncated": [step["truncated"] for step in steps],
        "infos": [step["info"] for step in steps],
        "errors": {},
    }


@pytest.mark.parametrize("count", [1, 3, 20])
def test_equal_arrays_come_as_one(server: Server, count: int) -> None:
    """In MessagePack: the observations of N instances as one array (N, *shape), bit for bit."""
    ids = [begun(server, "CartPole-v1") for _ in range(count)]
    observations = ask_packed(server, "reset", instance_ids=ids, seeds=list(range(count)))["observations"]
    assert (observations.shape, observations.dtype) == ((count, 4), np.float32)
    for seed, id_ in enumerate(ids):
        alone = ask_packed(server, f"envs/{id_}/reset", seed=seed)["observation"]
        assert observations[seed].tobytes() == alone.tobytes()
    stepped = ask_packed(server, "step", instance_ids=ids, actions=[0] * count)
    assert stepped["observations"].shape == (count, 4)
    assert stepped["rewards"] == [1.0] * count


@pytest.mark.parametrize(
    "env_ids",
    [
        ("CartPole-v1", "Pendulum-v1"),  # of other shapes
        ("CartPole-v1", "gates/Gated-v0"),  # of another dtype, too
        ("CartPole-v1", "FrozenLake-v1"),  # an array and a number
        ("FrozenLake-v1", "FrozenLake-v1"),  # numbers
        ("MiniGrid-Empty-5x5-v0", "MiniGrid-Empty-5x5-v0"),  # objects
    ],
)
def test_what_is_no_equal_arrays_comes_as_a_list(server: Server, tmp_path: Path, env_ids: tuple[str, str]) -> None:
    """Each as it would come alone."""
    kwargs = {"gates/Gated-v0": {"folder": str(tmp_path), "size": 4}}
    ids = [begun(server, env_id, kwargs=kwargs.get(env_id, {})) for env_id in env_ids]
    observations = ask_packed(server, "reset", instance_ids=ids, seeds=[1, 2])["observations"]
    assert isinstance(observations, list)
    for seed, id_, observation in zip((1, 2), ids, observations, strict=True):
        alone = ask_packed(server, f"envs/{id_}/reset", seed=seed)["observation"]
        assert type(alone) is type(observation)
        assert repr(alone) == repr(observation)


def test_with_a_failure_among_them_arrays_come_as_a_list(server: Server) -> None:
    """With null in its place."""
    ids = [begun(server, "CartPole-v1"), "00000000", begun(server, "CartPole-v1")]
    answer = ask_packed(server, "step", instance_ids=ids, actions=[0, 0, 0])
    assert [type(observation) for observation in answer["observations"]] == [np.ndarray, type(None), np.ndarray]
    assert list(answer["errors"]) == ["1"]


def test_a_batch_of_pictures_is_bounded_like_any(server: Server) -> None:
    """Three times 100,000 numbers in one array."""
    ids = [begun(server, "ALE/Pong-v5") for _ in range(3)]
    observations = ask_packed(server, "step", instance_ids=ids, actions=[0, 0, 0])["observations"]
    assert (observations.shape, observations.dtype) == ((3, 210, 160, 3), np.uint8)


def test_resets_of_a_batch_may_have_seeds_and_options(server: Server) -> None:
    """A seed each, or none; the options are the same for all."""
    ids = [begun(server, "CartPole-v1") for _ in range(2)]
    same = ask(server, "reset", instance_ids=ids, seeds=[7, 7])["observations"]
    assert same[0] == same[1]
    assert ask(server, "reset", instance_ids=ids, seeds=[7, None])["observations"][0] == same[0]
    wide = ask(server, "reset", instance_ids=ids, options={"low": 0.2, "high": 0.25})["observations"]
    assert all(0.2 <= number <= 0.25 for observation in wide for number in observation)
