"""What may be created: environments by their ids, arguments by their size and by what they name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.server import Server, running_server

FLAGS = (
    *("--allow", "CartPole-*", "--allow", "FrozenLake-*", "--allow", "test/Well-*", "--allow", "test/Exits-*"),
    *("--deny", "FrozenLake-v1", "--deny", "test/Exits-*", "--allow-kwargs", "map_path"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that allows little."""
    with running_server(tmp_path_factory.mktemp("server"), "--import", "tests.envs", *FLAGS) as running:
        yield running


def create(server: Server, env_id: str, **fields: Any) -> httpx.Response:
    """The answer to a creation."""
    return server.http.post("/v2/envs", json={"env_id": env_id, **fields})


def nest(value: Any, depth: int) -> Any:
    """The value in so many lists."""
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("env_id", ["CartPole-v0", "CartPole-v1", "test/Well-v0", "tests.envs:test/Well-v0"])
def test_what_is_allowed_can_be_made(server: Server, env_id: str) -> None:
    """Also behind the name of a module that may be imported."""
    assert create(server, env_id).status_code == 201


@pytest.mark.parametrize(
    "env_id",
    ["Pendulum-v1", "FrozenLake-v1", "test/Exits-v0", "tests.envs:test/Exits-v0", "cartpole-v1", "Test/Well-v0"],
)
def test_what_is_not_allowed_cannot_be_made(server: Server, env_id: str) -> None:
    """422 at the field, and nothing is left; upper and lower case differ."""
    before = sorted(server.data_dir.iterdir())
    refused = create(server, env_id)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert refused.json()["errors"][0]["path"] == "$.env_id"
    assert sorted(server.data_dir.iterdir()) == before


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "FrozenLake-v0"])
def test_older_clients_are_refused_likewise(server: Server, env_id: str) -> None:
    """Also where a newer version, which is not allowed, stands in for the one they ask for."""
    for path, body in (("create/", {"environment": env_id}), ("", {"env_id": env_id})):
        refused = server.http.post(f"/v1/envs/{path}", json=body)
        assert refused.status_code == 400
        assert "does not allow" in refused.json()["message"]


def test_the_registry_shows_what_is_allowed(server: Server) -> None:
    """The list, and the page of one."""
    listed = {entry["env_id"] for entry in server.http.get("/v2/registry").json()["environments"]}
    assert {"CartPole-v1", "FrozenLake8x8-v1"} & listed == {"CartPole-v1"}
    assert server.http.get("/v2/registry/CartPole-v1").status_code == 200
    assert server.http.get("/v2/registry/Pendulum-v1").status_code == 404


NAMING: dict[str, dict[str, Any]] = {
    "$.kwargs.xml_file": {"xml_file": "ant"},
    "$.kwargs.host": {"host": "example"},
    "$.kwargs.PORT": {"PORT": 80},
    "$.kwargs.map_name": {"map_name": "/etc/passwd"},
    "$.kwargs.texture": {"texture": "..\\secret"},
    "$.kwargs.home": {"home": "~root"},
    "$.kwargs.source": {"source": "data:,x"},
    "$.kwargs.config.levels[1]": {"config": {"levels": ["4x4", "../8x8"]}},
    "$.kwargs.config.model_path": {"config": {"model_path": 3}},
}


@pytest.mark.parametrize(("path", "kwargs"), NAMING.items(), ids=NAMING)
def test_arguments_that_name_something_are_refused(server: Server, path: str, kwargs: dict[str, Any]) -> None:
    """By their own name or by their value, however deep, in JSON and in MessagePack; the error says where."""
    body = {"env_id": "CartPole-v1", "kwargs": kwargs}
    packed = {"Content-Type": "application/msgpack"}
    for refused in (
        server.http.post("/v2/envs", json=body),
        server.http.post("/v2/envs", content=msgspec.msgpack.encode(body), headers=packed),
        create(server, "CartPole-v1", wrappers=[{"name": "TimeLimit", "kwargs": kwargs}]),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert server.http.post("/v2/envs", json=body).json()["errors"][0]["path"] == path


def test_what_the_operator_has_named_may_name_something(server: Server) -> None:
    """Then it is the environment's affair: this one knows no such argument."""
    refused = create(server, "CartPole-v1", kwargs={"map_path": "/srv/maps/1"})
    assert "CartPole-v1 refuses them" in refused.json()["detail"]


def test_arguments_that_name_nothing_are_passed_on(tmp_path: Path) -> None:
    """Where the operator has said nothing at all."""
    with running_server(tmp_path) as server:
        for env_id, kwargs in (
            ("CartPole-v1", {"sutton_barto_reward": True}),
            ("FrozenLake-v1", {"desc": ["SFFF", "FHFH", "FFFH", "HFFG"], "map_name": None}),
            ("LunarLander-v3", {"enable_wind": True, "wind_power": 3.5}),
        ):
            assert create(server, env_id, kwargs=kwargs).status_code == 201


@pytest.mark.parametrize(
    "kwargs",
    [{"x": "y" * 70_000}, {"x": nest(0, 9)}, {"x": nest(0, 500)}, {"x": [0] * 20_000}, {"x": {"y": nest([], 8)}}],
)
def test_arguments_have_a_size_and_a_depth(server: Server, kwargs: dict[str, Any]) -> None:
    """64 KiB, eight levels, ten thousand values."""
    refused = create(server, "CartPole-v1", kwargs=kwargs)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert refused.json()["errors"][0]["path"].startswith("$.kwargs")
