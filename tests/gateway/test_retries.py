"""Retries are safe: whatever becomes of a connection, a request that repeats its key happens once."""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.by_hand import Connection
from tests.gateway.gates import GATES, Gate
from tests.gateway.trajectory import Trajectory, as_local
from tests.server import Server, running_server

KILLS = 1000
new_key = map("key-{}".format, itertools.count()).__next__


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that misbehave, and those that wait at a gate."""
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--import", "tests.envs", *GATES) as running:
        yield running


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Holds up a step."""
    with Gate(tmp_path / "gate") as gate:
        yield gate


def post(
    server: Server, path: str, body: Any = None, key: str | None = None, status: int | None = None
) -> httpx.Response:
    """The response; a success, or of that status."""
    reply = server.http.post(path, json=body, headers={"Idempotency-Key": key} if key is not None else {})
    assert reply.is_success if status is None else reply.status_code == status, reply.text
    return reply


def begun(server: Server, env_id: str, **fields: Any) -> str:
    """The path of a new instance in its first episode."""
    path = f"/v2/envs/{post(server, '/v2/envs', {'env_id': env_id, **fields}).json()['instance_id']}"
    post(server, f"{path}/reset", {"seed": 1})
    return path


def is_replayed(reply: httpx.Response) -> bool:
    return bool(reply.headers.get("Idempotency-Replayed") == "true")


def steps_of(server: Server, path: str) -> int:
    return int(server.http.get(path).json()["steps"])


def test_a_thousand_connections_are_killed_and_the_trajectory_is_that_of_none(server: Server) -> None:
    """Each command's connection is reset after the request was written: at once, or when the answer waits unread."""
    path = begun(server, "CartPole-v1")
    moments = random.Random(7)
    with Trajectory(seed=3) as trajectory:
        for op, fields, expected in itertools.islice(trajectory, KILLS):
            key = new_key()
            request = httpx.Request("POST", "http://-", json=fields)
            with Connection(server.url) as connection:
                connection.request(
                    "POST", f"{path}/{op}", request.content, Content_Type="application/json", Idempotency_Key=key
                )
                if moments.random() < 0.5:
                    connection.wait_until_readable()
                connection.vanish()
            assert as_local(post(server, f"{path}/{op}", fields, key).json()) == expected
        assert steps_of(server, path) == trajectory.steps


COMMANDS = [
    ("reset", {"seed": 5}),
    ("step", {"action": 1}),
    ("step", {"actions": [0, 1, 0]}),
    ("step", {"action": 0, "render": True}),
    ("action_space/sample", {"n": 3}),
    ("observation_space/contains", {"value": [0, 0, 0, 0]}),
    ("monitor/start", {"force": True}),
    ("monitor/close", {}),
    ("kill", {}),
]


@pytest.mark.parametrize(("op", "body"), COMMANDS, ids=str)
def test_a_command_that_repeats_its_key_gets_the_same_answer_and_does_nothing(
    server: Server, op: str, body: dict[str, Any]
) -> None:
    """The same bytes, marked as replayed; not a step, not a picture and not a sample more."""
    path = begun(server, "CartPole-v1", render_mode="rgb_array")
    key = new_key()
    first = post(server, f"{path}/{op}", body, key)
    before = server.http.get(path).json()
    again = post(server, f"{path}/{op}", body, key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    after = server.http.get(path).json()
    assert {**after, "idle_s": 0, "cpu_s": 0, "rss_bytes": 0} == {**before, "idle_s": 0, "cpu_s": 0, "rss_bytes": 0}
    server.http.delete(path)


@pytest.mark.parametrize("op", ["step", "reset"])
def test_a_batch_that_repeats_its_key_gets_the_same_answer(server: Server, op: str) -> None:
    """Its failures included; an instance that the batch names twice has made both steps, and makes none again."""
    paths = [begun(server, "CartPole-v1") for _ in range(2)]
    ids = [path.rpartition("/")[2] for path in paths]
    body: dict[str, Any] = {"instance_ids": [ids[0], ids[1], "00000000", ids[0]]}
    body |= {"actions": [0, 1, 0, 1]} if op == "step" else {"seeds": [1, 2, 3, 4]}
    key = new_key()
    first, again = (post(server, f"/v2/{op}", body, key) for _ in range(2))
    assert again.content == first.content
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert list(first.json()["errors"]) == ["2"]
    if op == "step":
        assert [steps_of(server, path) for path in paths] == [2, 1]


def test_creating_twice_with_one_key_makes_one(server: Server) -> None:
    """Or as many as were asked for, once; the answer names the same instances."""
    bodies: list[dict[str, Any]] = [{"env_id": "CartPole-v1"}, {"env_id": "CartPole-v1", "count": 3}]
    for body in bodies:
        key = new_key()
        before = len(server.http.get("/v2/envs").json()["envs"])
        first, again = (post(server, "/v2/envs", body, key, status=201) for _ in range(2))
        assert len(server.http.get("/v2/envs").json()["envs"]) == before + body.get("count", 1)
        assert is_replayed(again)
        ids = [[one["instance_id"] for one in r.json().get("instances", [r.json()])] for r in (first, again)]
        assert ids[0] == ids[1]


def test_uploading_twice_with_one_key_makes_one_evaluation(server: Server) -> None:
    """The answer tells of the same one."""
    path = begun(server, "CartPole-v1")
    post(server, f"{path}/monitor/start", {"video": "never"})
    post(server, f"{path}/reset")
    post(server, f"{path}/step", {"actions": [1] * 100})
    post(server, f"{path}/monitor/close")
    key = new_key()
    first, again = (post(server, f"{path}/upload", {"api_key": "any", "algorithm_id": key}, key) for _ in range(2))
    assert again.content == first.content
    assert is_replayed(again)
    ranked = server.http.get("/v2/scoreboard", params={"algorithm_id": key}).json()["evaluations"]
    assert len(ranked) == 1


def test_a_retry_while_the_first_still_runs_waits_for_it(server: Server, gate: Gate) -> None:
    """And gets its answer."""
    path = begun(server, "gates/Gated-v0", kwargs=gate.kwargs)
    key = new_key()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(post, server, f"{path}/step", {"action": 1}, key)
        gate.wait_until_entered()
        again = pool.submit(post, server, f"{path}/step", {"action": 1}, key)
        while server.http.get(path).json()["queue"] < 2:
            pass
        gate.release()
        assert again.result().content == first.result().content
    assert is_replayed(again.result())
    assert steps_of(server, path) == 1


def test_a_creation_that_still_runs_is_waited_for(server: Server) -> None:
    """Two requests with one key at the same time make one instance."""
    body, key = {"env_id": "Acrobot-v1"}, new_key()
    with ThreadPoolExecutor() as pool:
        replies = list(pool.map(lambda _: post(server, "/v2/envs", body, key), range(8)))
    assert len({reply.json()["instance_id"] for reply in replies}) == 1


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        ("{0}/step", {"action": 0}, {"action": 1}),
        ("{0}/step", {"action": 0}, {"actions": [0]}),
        ("{0}/reset", {"seed": 1}, {"seed": 2}),
        ("{0}/reset", {"seed": 1}, {}),
        ("/v2/step", {"instance_ids": ["{1}"], "actions": [0]}, {"instance_ids": ["{1}"], "actions": [1]}),
        ("/v2/step", {"instance_ids": ["{1}"], "actions": [0]}, {"instance_ids": ["{1}", "{2}"], "actions": [0, 0]}),
        ("/v2/reset", {"instance_ids": ["{1}"]}, {"instance_ids": ["{1}"], "seeds": [3]}),
        ("/v2/envs", {"env_id": "CartPole-v1"}, {"env_id": "CartPole-v1", "count": 2}),
    ],
    ids=str,
)
def test_a_key_with_another_body_is_refused(server: Server, path: str, body: Any, other: Any) -> None:
    """422, and nothing is done."""
    paths = [begun(server, "CartPole-v1") for _ in range(2)]
    ids = [own.rpartition("/")[2] for own in paths]
    names = {f"{{{number}}}": id_ for number, id_ in enumerate(ids, 1)}

    def named(fields: dict[str, Any]) -> dict[str, Any]:
        if "instance_ids" not in fields:
            return fields
        return fields | {"instance_ids": [names[name] for name in fields["instance_ids"]]}

    key = new_key()
    post(server, path.format(paths[0]), named(body), key)
    before = len(server.http.get("/v2/envs").json()["envs"]), [steps_of(server, own) for own in paths]
    refused = post(server, path.format(paths[0]), named(other), key, status=422).json()
    assert refused["code"] == "invalid_field"
    assert "Idempotency-Key" in refused["detail"]
    assert (len(server.http.get("/v2/envs").json()["envs"]), [steps_of(server, own) for own in paths]) == before


def test_a_key_with_another_operation_is_refused(server: Server) -> None:
    """Of the same instance; a batch is another operation, too."""
    path = begun(server, "CartPole-v1")
    key = new_key()
    post(server, f"{path}/step", {"action": 0}, key)
    post(server, f"{path}/reset", {}, key, status=422)
    post(server, "/v2/step", {"instance_ids": [path.rpartition("/")[2]], "actions": [0]}, key, status=422)
    assert steps_of(server, path) == 1


def test_an_error_is_repeated_like_any_answer(server: Server) -> None:
    """The environment does not see the action again that it failed at."""
    path = begun(server, "test/Raises-v0")
    key = new_key()
    first, again = (post(server, f"{path}/step", {"action": 1}, key, status=500) for _ in range(2))
    assert again.content == first.content
    assert is_replayed(again)


def test_the_report_of_a_crash_is_repeated(server: Server) -> None:
    """A retry of the step that lost its worker gets 502 again, also when the instance has been started anew."""
    path = begun(server, "test/Exits-v0", on_crash="restart")
    key = new_key()
    first = post(server, f"{path}/step", {"action": 1}, key, status=502).json()
    assert post(server, f"{path}/step", {"action": 1}, key, status=502).json() == first
    assert first["crash"]["exit_code"] == 3
    post(server, f"{path}/reset")
    assert server.http.get(path).json()["restarts"] == 1


def test_a_retried_kill_spares_the_worker_that_came_after(server: Server) -> None:
    """It answers the report of then."""
    path = begun(server, "CartPole-v1", on_crash="restart")
    key = new_key()
    first = post(server, f"{path}/kill", {}, key)
    post(server, f"{path}/reset")
    pid = server.http.get(path).json()["pid"]
    assert post(server, f"{path}/kill", {}, key).content == first.content
    assert server.http.get(path).json()["pid"] == pid
    post(server, f"{path}/step", {"action": 0})


def test_a_creation_that_failed_may_be_tried_again(tmp_path: Path) -> None:
    """It has made nothing, so its key stands for nothing: where the server was full, it need not be a moment later."""
    with running_server(tmp_path, "--max-instances", "1") as server:
        path, key = begun(server, "CartPole-v1"), new_key()
        full = post(server, "/v2/envs", {"env_id": "CartPole-v1"}, key, status=429)
        assert full.headers["Retry-After"]
        server.http.delete(path)
        assert not is_replayed(post(server, "/v2/envs", {"env_id": "CartPole-v1"}, key, status=201))


def test_without_a_key_nothing_is_repeated(server: Server) -> None:
    """Two equal steps are two steps."""
    path = begun(server, "CartPole-v1")
    assert not any(is_replayed(post(server, f"{path}/step", {"action": 0})) for _ in range(2))
    assert steps_of(server, path) == 2


@pytest.mark.parametrize("key", ["", "k" * 257])
def test_a_key_that_is_none_is_refused(server: Server, key: str) -> None:
    """Rather than taken for one that somebody else sends, or remembered at any length."""
    path = begun(server, "CartPole-v1")
    for own_path, body in ((f"{path}/step", {"action": 0}), ("/v2/envs", {"env_id": "CartPole-v1"})):
        assert "Idempotency-Key" in post(server, own_path, body, key, status=422).json()["detail"]
    assert steps_of(server, path) == 0
