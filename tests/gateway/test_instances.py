"""Instances as `/v2` shows them: listed, described, closed; and what is left of one that is closed."""

from datetime import UTC, datetime, timedelta

import psutil
import pytest

from tests.server import Server


def test_the_list_holds_the_documents_of_all(server: Server) -> None:
    """The oldest first, whatever created them."""
    instances = [server.create(env_id) for env_id in ("CartPole-v1", "FrozenLake-v1")]
    listed = server.http.get("/v2/envs").json()["envs"]
    assert [document["instance_id"] for document in listed][-2:] == instances
    volatile = {"idle_s", "rss_bytes", "cpu_s"}
    for document in listed[-2:]:
        described = server.document(document["instance_id"])
        assert described.keys() == document.keys()
        assert {k: v for k, v in described.items() if k not in volatile} == {
            k: v for k, v in document.items() if k not in volatile
        }


def test_a_document_describes_its_instance(server: Server) -> None:
    """Id, state, process, counters, spaces, and where its artifacts are."""
    instance = server.create("CartPole-v1")
    server.reset(instance)
    steps = 0
    done = False
    while not done:
        done = server.step(instance, 1).json()["done"]
        steps += 1
    server.reset(instance)
    document = server.document(instance)
    assert (document["instance_id"], document["env_id"], document["state"]) == (instance, "CartPole-v1", "ready")
    assert (document["steps"], document["episodes"], document["restarts"]) == (steps, 1, 0)
    assert (document["render_mode"], document["on_crash"], document["crash"]) == ("rgb_array", "restart", None)
    assert document["spaces"]["action_space"] == {"type": "Discrete", "n": 2, "start": 0, "dtype": "int64"}
    assert document["spaces"]["observation_space"]["high"][1] == "Infinity"
    assert document["artifacts"]["rendered"] == f"/{instance}/rendered/"
    assert datetime.now(UTC) - datetime.fromisoformat(document["created_at"]) < timedelta(minutes=1)
    assert 0 <= document["idle_s"] < 60


def test_a_worker_is_called_by_its_instance(server: Server) -> None:
    """What ps and top show, and so what an operator kills by."""
    instance = server.create("CartPole-v1")
    process = psutil.Process(server.document(instance)["pid"])
    assert " ".join(process.cmdline()).strip() == f"gym-worker {instance} CartPole-v1"


@pytest.mark.parametrize("env_id", ["CartPole-v1", "test/RaisesInClose-v0"])
def test_closing_ends_the_process_and_keeps_the_artifacts(server: Server, env_id: str) -> None:
    """Also where the environment's own close fails."""
    instance = server.create(env_id)
    server.reset(instance, render=True)
    process = psutil.Process(server.document(instance)["pid"])
    assert server.http.delete(f"/v2/envs/{instance}").status_code == 204
    process.wait(10)
    assert server.files.get(f"/{instance}/rendered/1.png").status_code == 200
    assert instance not in [each["instance_id"] for each in server.http.get("/v2/envs").json()["envs"]]


def test_closing_twice_is_closing(server: Server) -> None:
    """204 both times, also for an instance that had crashed."""
    crashed = server.create("test/Exits-v0")
    server.reset(crashed)
    assert server.step(crashed, 1).status_code == 502
    for instance in (server.create("CartPole-v1"), crashed):
        for _ in range(2):
            answer = server.http.delete(f"/v2/envs/{instance}")
            assert (answer.status_code, answer.content) == (204, b"")


def test_a_closed_instance_is_gone(server: Server) -> None:
    """410 in the native API; for `/v1` it is as unknown as one that never was."""
    instance = server.create("CartPole-v1")
    server.http.delete(f"/v2/envs/{instance}")
    gone = server.http.get(f"/v2/envs/{instance}")
    assert (gone.status_code, gone.json()["code"]) == (410, "instance_gone")
    assert server.http.post(f"/v2/envs/{instance}/kill").status_code == 410
    unknown = server.http.post(f"/v1/envs/{instance}/reset/")
    assert (unknown.status_code, unknown.json()["message"]) == (400, f"Instance_id {instance} unknown")


def test_the_two_apis_see_the_same_instances(server: Server) -> None:
    """A step through one is counted in the other."""
    instance = server.create("CartPole-v1")
    server.reset(instance)
    for _ in range(3):
        server.step(instance, 0)
    assert server.document(instance)["steps"] == 3


def test_healthz_answers(server: Server) -> None:
    """What a container's health check asks."""
    assert server.http.get("/healthz").json() == {"status": "ok"}
