"""Fields that are missing, unknown, too large or of the wrong type, on every route that takes a body."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgpack
import pytest

from tests.server import Server

HUGE = 10**30
LONG_NUMBER = b"9" * 5000
TOO_DEEP = b"[" * 100_000 + b"]" * 100_000
MSGPACK = "application/msgpack"


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_taken_for_a_bug(server: Server) -> Iterator[None]:
    """Whatever these tests send, the server knows that it is not its own fault."""
    yield
    assert "ERROR" not in server.log


@pytest.fixture(scope="module")
def cartpole(server: Server) -> str:
    """The path of an instance in its first episode."""
    created = server.http.post("/v2/envs", json={"env_id": "CartPole-v1"}).json()
    path = f"/v2/envs/{created['instance_id']}"
    assert server.http.post(f"{path}/reset", json={"seed": 1}).status_code == 200
    return path


@pytest.fixture
def unharmed(server: Server, cartpole: str) -> Iterator[str]:
    """The same instance; whatever the test asks for, nothing is done to it, and no other one is made."""
    ours = ("instance_id", "pid", "state", "steps", "episodes", "restarts", "crash", "monitor", "labels")
    before = [{name: one[name] for name in ours} for one in server.http.get("/v2/envs").json()["envs"]]
    yield cartpole
    assert [{name: one[name] for name in ours} for one in server.http.get("/v2/envs").json()["envs"]] == before


def check(reply: httpx.Response, path: str | None, status: int = 422, code: str = "invalid_field") -> None:
    """The reply is that problem, and names the place."""
    problem = reply.json()
    assert (reply.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert len(problem["detail"]) < 2000
    if path:
        assert problem["errors"][0]["path"] == path
        assert problem["errors"][0]["message"]


POST_ROUTES = (
    "/v2/envs", "/v2/step", "/v2/reset", "{0}/step", "{0}/reset", "{0}/kill", "{0}/fork", "{0}/upload",
    "{0}/action_space/sample", "{0}/observation_space/contains", "{0}/monitor/start", "{0}/monitor/close",
)  # fmt: skip


@pytest.mark.parametrize("route", POST_ROUTES)
def test_an_unknown_field_is_named(server: Server, unharmed: str, route: str) -> None:
    """Rather than ignored: it may be a known one, misspelt."""
    check(server.http.post(route.format(unharmed), json={"sed": 1}), "$.sed")


@pytest.mark.parametrize("route", POST_ROUTES)
def test_a_body_that_is_no_object_is_a_bad_request(server: Server, unharmed: str, route: str) -> None:
    """On every route, also those that need none."""
    for body in ([1], "text", 5, True):
        check(server.http.post(route.format(unharmed), json=body), None, 400, "bad_request")


MISSING = {
    "/v2/envs": "$.env_id",
    "/v2/step": "$.instance_ids",
    "/v2/reset": "$.instance_ids",
    "{0}/step": "$.action",
    "{0}/upload": "$.api_key",
    "{0}/action_space/contains": "$.value",
}


@pytest.mark.parametrize("route", MISSING)
@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[]", b'""', b" \n{ } "])
def test_a_missing_field_is_named(server: Server, unharmed: str, route: str, content: bytes) -> None:
    """Whatever stands for nothing."""
    check(server.http.post(route.format(unharmed), content=content), MISSING[route])


WRONG = [
    ("/v2/envs", {"env_id": 5}, "$.env_id"),
    ("/v2/envs", {"env_id": None}, "$.env_id"),
    ("/v2/envs", {"env_id": "x" * 257}, "$.env_id"),
    ("/v2/envs", {"env_id": "CartPole-v1", "kwargs": [1]}, "$.kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "kwargs": "x"}, "$.kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "kwargs": {"unknown": 1}}, "$.kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "kwargs": {"render_mode": "human"}}, "$.kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "kwargs": {"max_episode_steps": -5}}, "$.kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "render_mode": 5}, "$.render_mode"),
    ("/v2/envs", {"env_id": "CartPole-v1", "render_mode": "human"}, "$.render_mode"),
    ("/v2/envs", {"env_id": "CartPole-v1", "max_episode_steps": 0}, "$.max_episode_steps"),
    ("/v2/envs", {"env_id": "CartPole-v1", "max_episode_steps": 1.5}, "$.max_episode_steps"),
    ("/v2/envs", {"env_id": "CartPole-v1", "max_episode_steps": HUGE}, "$.max_episode_steps"),
    ("/v2/envs", {"env_id": "CartPole-v1", "autoreset": "always"}, "$.autoreset"),
    ("/v2/envs", {"env_id": "CartPole-v1", "autoreset": True}, "$.autoreset"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": {}}, "$.wrappers"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": ["ClipAction"]}, "$.wrappers[0]"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": [{"kwargs": {}}]}, "$.wrappers[0].name"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": [{"name": "Evil"}]}, "$.wrappers[0].name"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": [{"name": "ClipReward", "kwargs": 5}]}, "$.wrappers[0].kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": [{"name": "RepeatAction"}]}, "$.wrappers[0].kwargs"),
    ("/v2/envs", {"env_id": "CartPole-v1", "wrappers": [{"name": "TimeAwareObservation"}] * 17}, "$.wrappers"),
    ("/v2/envs", {"env_id": "CartPole-v1", "on_crash": "ignore"}, "$.on_crash"),
    ("/v2/envs", {"env_id": "CartPole-v1", "labels": ["a"]}, "$.labels"),
    ("/v2/envs", {"env_id": "CartPole-v1", "labels": {"a": 1}}, "$.labels[...]"),
    ("/v2/envs", {"env_id": "CartPole-v1", "labels": {"a": "x" * 257}}, "$.labels[...]"),
    ("/v2/envs", {"env_id": "CartPole-v1", "labels": dict.fromkeys(map(str, range(65)), "")}, "$.labels"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"step_s": 0}}, "$.limits.step_s"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"step_s": -1}}, "$.limits.step_s"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"step_s": "1"}}, "$.limits[...]"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"step_s": HUGE}}, "$.limits.step_s"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"idle_s": HUGE}}, "$.limits.idle_s"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"memory_bytes": HUGE}}, "$.limits.memory_bytes"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"memory_bytes": 1.5}}, "$.limits.memory_bytes"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"address_space_bytes": HUGE}}, "$.limits.address_space_bytes"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"nice": 20}}, "$.limits.nice"),
    ("/v2/envs", {"env_id": "CartPole-v1", "limits": {"sleep_s": 1}}, "$.limits.sleep_s"),
    ("/v2/envs", {"env_id": "CartPole-v1", "count": 0}, "$.count"),
    ("/v2/envs", {"env_id": "CartPole-v1", "count": 1025}, "$.count"),
    ("/v2/envs", {"env_id": "CartPole-v1", "count": HUGE}, "$.count"),
    ("/v2/envs", {"env_id": "CartPole-v1", "count": "2"}, "$.count"),
    ("{0}/reset", {"seed": -1}, "$.seed"),
    ("{0}/reset", {"seed": 1.5}, "$.seed"),
    ("{0}/reset", {"seed": "1"}, "$.seed"),
    ("{0}/reset", {"seed": True}, "$.seed"),
    ("{0}/reset", {"seed": HUGE}, "$.seed"),
    ("{0}/reset", {"options": [1]}, "$.options"),
    ("{0}/reset", {"options": "x"}, "$.options"),
    ("{0}/reset", {"render": 1}, "$.render"),
    ("{0}/step", {"action": 0, "actions": [0]}, None),
    ("{0}/step", {"actions": []}, "$.actions"),
    ("{0}/step", {"actions": 5}, "$.actions"),
    ("{0}/step", {"actions": {"0": 0}}, "$.actions"),
    ("{0}/step", {"actions": [0] * 10_001}, "$.actions"),
    ("{0}/step", {"action": 0, "render": "yes"}, "$.render"),
    ("/v2/step", {"instance_ids": [], "actions": []}, "$.instance_ids"),
    ("/v2/step", {"instance_ids": "x", "actions": [0]}, "$.instance_ids"),
    ("/v2/step", {"instance_ids": [5], "actions": [0]}, "$.instance_ids[0]"),
    ("/v2/step", {"instance_ids": ["x"]}, "$.actions"),
    ("/v2/step", {"instance_ids": ["x"], "actions": 0}, "$.actions"),
    ("/v2/step", {"instance_ids": ["x"], "actions": [0, 0]}, None),
    ("/v2/step", {"instance_ids": ["x"] * 1025, "actions": [0] * 1025}, "$.instance_ids"),
    ("/v2/reset", {"instance_ids": ["x"], "seeds": [1, 2]}, None),
    ("/v2/reset", {"instance_ids": ["x"], "seeds": [-1]}, "$.seeds[0]"),
    ("/v2/reset", {"instance_ids": ["x"], "seeds": [HUGE]}, "$.seeds[0]"),
    ("{0}/action_space/sample", {"n": 0}, "$.n"),
    ("{0}/action_space/sample", {"n": 10_001}, "$.n"),
    ("{0}/action_space/sample", {"n": HUGE}, "$.n"),
    ("{0}/action_space/sample", {"seed": -1}, "$.seed"),
    ("{0}/action_space/sample", {"mask": "x"}, "$.mask"),
    ("{0}/action_space/sample", {"mask": [1]}, "$.mask"),
    ("{0}/action_space/sample", {"mask": [1, 5]}, "$.mask"),
    ("{0}/action_space/sample", {"mask": {"a": 1}}, "$.mask"),
    ("{0}/observation_space/sample", {"mask": [1, 1]}, "$.mask"),
    ("{0}/monitor/start", {"force": 1}, "$.force"),
    ("{0}/monitor/start", {"video": "always"}, "$.video"),
    ("{0}/monitor/start", {"video": {}}, "$.video.every_episodes"),
    ("{0}/monitor/start", {"video": {"every_episodes": 0}}, "$.video.every_episodes"),
    ("{0}/monitor/start", {"video": {"every_episodes": HUGE}}, "$.video.every_episodes"),
    ("{0}/fork", {"count": 0}, "$.count"),
    ("{0}/upload", {"api_key": 5}, "$.api_key"),
]


@pytest.mark.parametrize(("route", "body", "path"), WRONG, ids=lambda value: str(value)[:60])
def test_a_field_of_the_wrong_kind_is_named(
    server: Server, unharmed: str, route: str, body: dict[str, Any], path: str | None
) -> None:
    """422 with its place and the reason."""
    check(server.http.post(route.format(unharmed), json=body), path)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["step_s", "idle_s", "memory_bytes", "nice"])
def test_a_limit_is_a_number_that_can_be_kept(server: Server, unharmed: str, name: str, number: float) -> None:
    """MessagePack has those that cannot."""
    assert unharmed
    content = msgpack.packb({"env_id": "CartPole-v1", "limits": {name: number}})
    check(server.http.post("/v2/envs", content=content, headers={"Content-Type": MSGPACK}), f"$.limits.{name}")


@pytest.mark.parametrize("number", [LONG_NUMBER, b"1e999", b"-1e999", b"1" + b"0" * 400])
@pytest.mark.parametrize(("route", "text"), [("reset", b'{"seed": %b}'), ("action_space/sample", b'{"n": %b}')])
def test_numbers_beyond_all_bounds_are_refused(
    server: Server, unharmed: str, route: str, text: bytes, number: bytes
) -> None:
    """In a field that wants a number."""
    reply = server.http.post(f"{unharmed}/{route}", content=text % number)
    check(reply, None, reply.status_code, "bad_request" if reply.status_code == 400 else "invalid_field")
    assert reply.status_code in {400, 422}


IN_A_WORKERS_HANDS = ("options", "mask", "value", "kwargs")


@pytest.mark.parametrize(("field", "route"), [
    ("options", "{0}/reset"), ("mask", "{0}/action_space/sample"), ("value", "{0}/action_space/contains"),
    ("kwargs", "/v2/envs"), ("action", "{0}/step"),
])  # fmt: skip
@pytest.mark.parametrize("content", [TOO_DEEP, b'{"a": 1, "a": 2}', b'{"a": "\xff"}', b'{"a": "\\ud800"}'], ids=len)
def test_what_a_worker_reads_is_checked_by_the_worker(
    server: Server, unharmed: str, field: str, route: str, content: bytes
) -> None:
    """And the answer is a refusal like any other."""
    other = {"env_id": "CartPole-v1"} if field == "kwargs" else {}
    body = json.dumps(other).encode()[:-1] + (b", " if other else b"") + b'"%b": %b}' % (field.encode(), content)
    reply = server.http.post(route.format(unharmed), content=body)
    check(reply, None, reply.status_code, reply.json()["code"])
    assert reply.json()["code"] in {"bad_request", "invalid_field", "invalid_action"}
