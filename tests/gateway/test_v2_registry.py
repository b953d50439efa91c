"""What a server says can be made on it, and that it is so."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import Server, running_server

ENTRY = {
    "env_id",
    "namespace",
    "max_episode_steps",
    "reward_threshold",
    "nondeterministic",
    "render_modes",
    "makeable",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One on which an environment that hangs when it is closed is registered, beside others that misbehave."""
    with running_server(tmp_path_factory.mktemp("server"), "--import", "tests.envs") as running:
        yield running


@pytest.fixture(scope="module")
def listing(server: Server) -> dict[str, dict[str, Any]]:
    """What is registered, by id."""
    reply = server.http.get("/v2/registry", timeout=120)
    assert reply.status_code == 200, reply.text
    entries = reply.json()["environments"]
    assert [entry["env_id"] for entry in entries] == sorted(entry["env_id"] for entry in entries)
    return {entry["env_id"]: entry for entry in entries}


def test_what_can_be_made_is_told_from_what_cannot(listing: dict[str, dict[str, Any]]) -> None:
    """By trying: what raises, dies or hangs while it is made or closed again cannot be made."""
    for env_id in ("CartPole-v1", "Ant-v5", "ALE/Pong-v5", "MiniGrid-Empty-5x5-v0", "LunarLander-v3", "test/Well-v0"):
        assert listing[env_id]["makeable"], env_id
    for env_id in ("Ant-v2", "test/RaisesInMake-v0", "test/HangsInClose-v0"):
        assert not listing[env_id]["makeable"], env_id


def test_an_entry_has_what_the_environment_was_registered_with(listing: dict[str, dict[str, Any]]) -> None:
    """And the render modes of its class."""
    lake = listing["FrozenLake-v1"]
    assert set(lake) == ENTRY
    assert (lake["max_episode_steps"], lake["reward_threshold"]) == (100, 0.7)
    assert {"ansi", "rgb_array"} <= set(lake["render_modes"])
    assert listing["ALE/Pong-v5"]["namespace"] == "ALE"


def test_a_part_of_an_id_narrows_the_list(server: Server, listing: dict[str, dict[str, Any]]) -> None:
    """In either case of its letters."""
    found = server.http.get("/v2/registry", params={"q": "frozen"}).json()["environments"]
    assert found == [entry for env_id, entry in listing.items() if "Frozen" in env_id]
    assert found


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_environment_is_told_with_its_spaces(server: Server, slash: str) -> None:
    """An id may have a slash in it."""
    reply = server.http.get(f"/v2/registry/ALE/Pong-v5{slash}")
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["makeable"], told["reason"]) == (True, None)
    assert told["action_space"]["n"] == 6
    assert told["observation_space"]["shape"] == [210, 160, 3]


def test_the_reason_is_told_where_one_cannot_be_made(server: Server) -> None:
    """In its own words."""
    told = server.http.get("/v2/registry/test/RaisesInMake-v0").json()
    assert not told["makeable"]
    assert "this environment cannot be made" in told["reason"]


def test_an_unknown_one_is_not_found(server: Server) -> None:
    """With the code that a creation would have."""
    reply = server.http.get("/v2/registry/Nothing-v0")
    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_environment")


def test_asking_leaves_nothing_behind(server: Server, listing: dict[str, dict[str, Any]]) -> None:
    """No instance, no folder, no worker."""
    assert listing
    assert server.http.get("/v2/envs").json() == {"envs": []}
    assert not [path for path in server.data_dir.iterdir() if path.is_dir()]
    assert not [process for process in server.family() if process.name().startswith("gym-worker")]
