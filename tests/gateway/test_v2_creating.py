"""Creating in `/v2`: all that an environment may be made with, several at once, and what is left of one that fails."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import httpx
import numpy as np
import pytest

from tests.server import Server, running_server

MAX_INSTANCES = 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with room for few, and environments that misbehave."""
    flags = ("--max-instances", str(MAX_INSTANCES), "--import", "tests.envs")
    with running_server(tmp_path_factory.mktemp("server"), *flags) as running:
        yield running


@pytest.fixture(autouse=True)
def _closes(server: Server) -> Iterator[None]:
    """Every test begins with an empty server."""
    yield
    for document in living(server):
        server.http.delete(f"/v2/envs/{document['instance_id']}")


def living(server: Server) -> list[dict[str, Any]]:
    return list(server.http.get("/v2/envs").json()["envs"])


def create(server: Server, env_id: str, **fields: Any) -> httpx.Response:
    return server.http.post("/v2/envs", json={"env_id": env_id, **fields})


def test_a_document_tells_all_that_was_asked_for(server: Server) -> None:
    """And is found where the answer says."""
    asked = {
        "render_mode": "rgb_array",
        "autoreset": "same_step",
        "on_crash": "restart",
        "labels": {"run": "7", "who": "é"},
    }
    created = create(server, "CartPole-v1", **asked, limits={"step_s": 3, "nice": 5})
    document = created.json()
    assert created.status_code == 201
    assert created.headers["Location"] == f"/v2/envs/{document['instance_id']}"
    assert {name: document[name] for name in asked} == asked
    assert (document["limits"]["step_s"], document["limits"]["nice"]) == (3, 5)
    assert (document["state"], document["steps"], document["episodes"], document["restarts"]) == ("ready", 0, 0, 0)
    assert server.http.get(created.headers["Location"]).json()["pid"] == document["pid"]
    promised = {
        "instance_id", "env_id", "state", "pid", "created_at", "idle_s", "steps", "episodes", "restarts", "rss_bytes",
        "cpu_s", "render_mode", "autoreset", "on_crash", "limits", "labels", "spaces", "monitor", "artifacts", "crash",
    }  # fmt: skip
    assert promised <= document.keys()


def test_an_environment_is_made_with_its_arguments(server: Server) -> None:
    """A map of another size, and an episode of another length."""
    fields = {"kwargs": {"map_name": "8x8", "is_slippery": False}, "max_episode_steps": 3}
    document = create(server, "FrozenLake-v1", **fields).json()
    assert document["spaces"]["observation_space"]["n"] == 64
    path = f"/v2/envs/{document['instance_id']}"
    server.http.post(f"{path}/reset", json={"seed": 1})
    steps = server.http.post(f"{path}/step", json={"actions": [0, 0, 0, 0]}).json()["transitions"]
    assert [step["truncated"] for step in steps] == [False, False, True]


def test_wrappers_go_around_it_the_first_innermost(server: Server) -> None:
    """With the same outcome as in one's own process."""
    wrappers = [{"name": "TimeAwareObservation"}, {"name": "FrameStackObservation", "kwargs": {"stack_size": 2}}]
    document = create(server, "CartPole-v1", wrappers=wrappers).json()
    assert document["spaces"]["observation_space"]["shape"] == [2, 5]
    env = gymnasium.wrappers.FrameStackObservation(
        gymnasium.wrappers.TimeAwareObservation(gymnasium.make("CartPole-v1", disable_env_checker=True)), 2
    )
    expected = env.reset(seed=3)[0]
    began = server.http.post(f"/v2/envs/{document['instance_id']}/reset", json={"seed": 3}).json()
    assert np.array(began["observation"], expected.dtype).tobytes() == expected.tobytes()
    env.close()


@pytest.mark.parametrize("count", [1, 4])
def test_several_are_made_at_once(server: Server, count: int) -> None:
    """Each with a process of its own; `count` 1 is a list of one."""
    created = create(server, "CartPole-v1", count=count, labels={"batch": "yes"})
    documents = created.json()["instances"]
    assert created.status_code == 201
    assert "Location" not in created.headers
    assert len({document["pid"] for document in documents}) == count
    assert [document["labels"] for document in documents] == [{"batch": "yes"}] * count
    assert [one["instance_id"] for one in living(server)] == [one["instance_id"] for one in documents]


def test_more_than_there_is_room_for_are_none(server: Server) -> None:
    """429, and not one is begun."""
    create(server, "CartPole-v1")
    refused = create(server, "CartPole-v1", count=MAX_INSTANCES)
    assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(living(server)) == 1


@pytest.mark.parametrize(
    ("env_id", "fields", "status", "code"),
    [
        ("Nothing-v0", {}, 404, "unknown_environment"),
        ("CartPole-v99", {}, 404, "unknown_environment"),
        ("no id at all", {}, 404, "unknown_environment"),
        ("os:CartPole-v1", {}, 404, "unknown_environment"),
        ("", {}, 404, "unknown_environment"),
        ("test/RaisesInMake-v0", {}, 500, "environment_error"),
        ("CartPole-v1", {"kwargs": {"nonsense": 1}}, 422, "invalid_field"),
        ("CartPole-v1", {"limits": {"start_s": 1e-9}}, 504, "deadline_exceeded"),
        ("test/SlowToMake-v0", {"limits": {"start_s": 0.2}}, 504, "deadline_exceeded"),
    ],
)
@pytest.mark.parametrize("count", [None, 3])
def test_of_one_that_cannot_be_made_nothing_is_left(
    server: Server, env_id: str, fields: dict[str, Any], status: int, code: str, count: int | None
) -> None:
    """No instance, no process and no folder; of several, the first one's reason is told."""
    before = len(server.family()), sorted(server.data_dir.iterdir())
    refused = create(server, env_id, **fields, **({"count": count} if count else {}))
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert living(server) == []
    assert sorted(server.data_dir.iterdir()) == before[1]
    while len(server.family()) > before[0]:
        pass


def test_a_start_that_is_given_up_at_any_moment_harms_nobody(server: Server) -> None:
    """Neither those that live already nor the process from which all are forked."""
    neighbour = create(server, "CartPole-v1").json()
    for number in range(60):
        fields = {"limits": {"start_s": 0.0002 * (number + 1)}, "count": 4}
        assert create(server, "test/SlowToMake-v0", **fields).status_code == 504
    document = server.http.get(f"/v2/envs/{neighbour['instance_id']}").json()
    assert (document["state"], document["pid"]) == ("ready", neighbour["pid"])
    assert create(server, "CartPole-v1").status_code == 201


def test_an_id_of_the_past_is_not_replaced(server: Server) -> None:
    """Only /v1 does that; here the newer one is suggested."""
    refused = create(server, "FrozenLake-v0")
    assert refused.status_code == 404
    assert "FrozenLake" in refused.json()["detail"]
