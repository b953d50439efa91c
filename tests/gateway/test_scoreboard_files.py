"""The files that the scoreboard's page shows: films and archives, from the gateway's own port."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server


@pytest.fixture(scope="module")
def uploaded(server: Server) -> Iterator[dict[str, Any]]:
    """The evaluation of one filmed episode."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start()
    instance.play()
    instance.stop()
    (server.data_dir / instance.instance_id / "simulation" / "folder").mkdir()
    yield instance.upload()
    server.http.delete(f"/v2/envs/{instance.instance_id}")


def test_films_and_archives_are_those_of_the_artifact_port(server: Server, uploaded: dict[str, Any]) -> None:
    """Byte for byte, and in the parts that a player asks for; nothing in them can run."""
    film = uploaded["videos"][0]["path"]
    for path, kind in ((film, "video/mp4"), (uploaded["archive"], "application/gzip")):
        answer = server.http.get(f"/scoreboard/files{path}")
        assert answer.content == server.files.get(path).content
        assert answer.headers["Content-Type"] == kind
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert ("attachment" in answer.headers.get("Content-Disposition", "")) is (kind == "application/gzip")
    part = server.http.get(f"/scoreboard/files{film}", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


@pytest.mark.parametrize(
    "path",
    ["{id}/instance.json", "{id}/logs/output.log", "{id}/rendered/latest.png", "{id}/simulation/", "{id}/simulation/no",
     "{id}/simulation/folder",
     "{id}/simulation/..%2finstance.json", "{id}/simulation/%2e%2e", "{id}/archives/..%2f..%2fscoreboard.sqlite3",
     "..%2f{id}/simulation/x", "%2f{id}/simulation/x", "ffffffff/simulation/x"],
)  # fmt: skip
def test_nothing_else_is_reached(server: Server, uploaded: dict[str, Any], path: str) -> None:
    """By no spelling of a path."""
    answer = server.http.get(f"/scoreboard/files/{path.format(id=uploaded['instance_id'])}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_list_tells_how_many_there_are_and_of_what(server: Server, uploaded: dict[str, Any]) -> None:
    """Whatever part of it was asked for."""
    told = server.http.get("/v2/scoreboard", params={"limit": 0, "algorithm_id": uploaded["algorithm_id"]}).json()
    assert (told["evaluations"], told["total"]) == ([], 1)
    assert told["environments"] == [{"env_id": "CartPole-v1", "evaluations": 1, "best_100_episode_mean": None}]
    told = server.http.get("/v2/scoreboard", params={"env_id": "FrozenLake-v1"}).json()
    assert (told["evaluations"], told["total"]) == ([], 0)
