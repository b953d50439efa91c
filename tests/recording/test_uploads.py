"""Who may upload what, in each dialect, and what an upload that was refused says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server, running_server

KEYS = ("sk_first", "sk_sécond")
VERSIONS = ("v1", "v2")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes uploads with one of two keys alone."""
    flags = [part for key in KEYS for part in ("--upload-key", key)]
    with running_server(tmp_path_factory.mktemp("guarded"), *flags, "--log-level", "debug") as running:
        yield running


def recorded(server: Server) -> RecordedInstance:
    """An instance with one recorded episode."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    instance.play()
    instance.stop()
    return instance


def upload(server: Server, version: str, instance: RecordedInstance, **fields: Any) -> httpx.Response:
    """The answer of that version's route."""
    return server.http.post(f"/{version}/envs/{instance.instance_id}/upload", json=fields)


def refusal(answer: httpx.Response) -> str:
    """What it says; it is the caller's own fault, in the version's words."""
    body = answer.json()
    if "detail" in body:
        assert (answer.status_code, body["code"]) == (422, "invalid_field")
        return str(body["detail"])
    assert answer.status_code == 400
    return str(body["message"])


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_key_nothing_is_uploaded(server: Server, version: str) -> None:
    """An empty one is none."""
    instance = recorded(server)
    for fields in ({}, {"api_key": None}, {"api_key": ""}):
        assert "api_key" in refusal(upload(server, version, instance, **fields))
    assert not (server.data_dir / instance.instance_id / "archives").exists()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_operators_keys_are_the_only_ones(guarded: Server, version: str) -> None:
    """Each of them; the beginning of one is none, and neither is one that is longer."""
    instance = recorded(guarded)
    for wrong in ("sk_", "sk_first_and_more", "SK_FIRST", "ключ"):
        assert "is not one of the keys" in refusal(upload(guarded, version, instance, api_key=wrong))
    for key in KEYS:
        assert upload(guarded, version, instance, api_key=key).status_code in (200, 201)


def test_keys_are_neither_logged_nor_kept(guarded: Server) -> None:
    """Nor those that were wrong; not in any file, and in no answer."""
    instance = recorded(guarded)
    wrong = "sk_mistyped_0123456789"
    answers = [upload(guarded, "v2", instance, api_key=key) for key in (KEYS[0], wrong)]
    files = [path for path in guarded.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "scoreboard.sqlite3-wal" for path in files)
    for key in (KEYS[0], wrong):
        assert key not in guarded.log
        assert not [path for path in files if key.encode() in path.read_bytes()]
        assert not [answer for answer in answers if key in answer.text]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_open_monitor_is_in_the_way(server: Server, version: str) -> None:
    """Unless it is to be ignored: then what has ended so far is uploaded."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    instance.play()
    instance.reset()
    instance.step(1)
    text = refusal(upload(server, version, instance, api_key="k"))
    assert text == "the monitor is still open: close it first, or set ignore_open_monitors"
    answer = upload(server, version, instance, api_key="k", ignore_open_monitors=True, algorithm_id=f"open {version}")
    assert answer.status_code in (200, 201)
    found = server.http.get("/v2/scoreboard", params={"algorithm_id": f"open {version}"}).json()["evaluations"]
    assert [one["episodes"] for one in found] == [1]
    assert instance.get("monitor")["is_recording"] is True


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_recorded_is_said(server: Server, version: str) -> None:
    """Whether a monitor ran or not."""
    instance = RecordedInstance(server, "CartPole-v1")
    assert "nothing is recorded" in refusal(upload(server, version, instance, api_key="k"))
    instance.start()
    instance.reset()
    instance.step(1)
    instance.stop()
    assert "nothing is recorded" in refusal(upload(server, version, instance, api_key="k"))


@pytest.mark.parametrize(("field", "length"), [("algorithm_id", 257), ("writeup", 65_537)])
def test_a_text_that_is_too_long_is_named(server: Server, field: str, length: int) -> None:
    """With how long it may be."""
    refused = upload(server, "v2", recorded(server), api_key="k", **{field: "x" * length})
    assert f"$.{field} must have at most {length - 1} characters" in refusal(refused)
    assert refused.json()["errors"][0]["path"] == f"$.{field}"


def test_an_instance_that_never_was_is_unknown(server: Server) -> None:
    """404 in one version and 400 in the other, as everywhere."""
    assert server.http.post("/v2/envs/0badf00d/upload", json={"api_key": "k"}).status_code == 404
    unknown = server.http.post("/v1/envs/0badf00d/upload/", json={"api_key": "k"})
    assert (unknown.status_code, unknown.json()["message"]) == (400, "Instance_id 0badf00d unknown")


def test_environments_without_a_threshold_are_never_solved(server: Server) -> None:
    """Nor is any before its hundredth episode."""
    instance = RecordedInstance(server, "Pendulum-v1", max_episode_steps=1)
    instance.start()
    for _ in range(100):
        instance.reset()
        instance.step([0.0])
    instance.stop()
    made = instance.upload()
    returns = instance.get("statistics")["returns"]
    assert made["best_100_episode_mean"] == pytest.approx(sum(returns) / 100)
    assert made["episodes_to_solve"] is None


def test_what_an_environment_has_put_in_the_way_is_not_followed(server: Server, tmp_path: Path) -> None:
    """A link where the archives belong: the upload says so, and nothing is written at its end."""
    instance = recorded(server)
    (server.data_dir / instance.instance_id / "archives").symlink_to(tmp_path)
    refused = upload(server, "v2", instance, api_key="k")
    assert refused.status_code == 422
    assert "something else where the archives belong" in refusal(refused)
    assert not list(tmp_path.iterdir())
