"""Wrong input: every mistake gets the answer that the contract has for it, and none of them harms the instance."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.server import Server

INSTANCE_ROUTES = ("reset/", "step/", "monitor/start/", "monitor/close/", "monitor/stop/", "upload/")
MISSING = "A required request parameter '{}' was not provided"


@pytest.fixture
def instance(server: Server) -> Iterator[str]:
    """A CartPole in the middle of an episode, which steps on after the test as if nothing had been."""
    instance_id = server.create("CartPole-v1")
    server.reset(instance_id)
    before = server.document(instance_id)
    yield instance_id
    answer = server.step(instance_id, 0)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["done"]
    assert server.document(instance_id)["pid"] == before["pid"]
    server.http.delete(f"/v2/envs/{instance_id}")


def mistake(answer: httpx.Response, status: int = 400) -> str:
    """The text of an error in the form of `/v1`: under both ancestors' keys, as JSON."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["message"] == body["error"]
    return str(body["message"])


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error in the form of `/v2`, RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"/docs#{code}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    return body


@pytest.mark.parametrize("instance_id", ["deadbeef", "x", "DEADBEEF", "..%2f..", "%00"])
def test_an_unknown_instance_is_named(server: Server, instance_id: str) -> None:
    """On every route that needs one, in the words that old clients look for."""
    answers = [server.http.post(f"/v1/envs/{instance_id}/{route}", json=ENOUGH) for route in INSTANCE_ROUTES]
    answers.append(server.http.get(f"/v1/envs/{instance_id}/info"))
    for answer in answers:
        said = mistake(answer)
        assert said.startswith("Instance_id ")
        assert said.endswith(" unknown")
    problem(server.http.get(f"/v2/envs/{instance_id}"), 404, "unknown_instance")
    problem(server.http.delete(f"/v2/envs/{instance_id}"), 404, "unknown_instance")
    problem(server.http.post(f"/v2/envs/{instance_id}/kill"), 404, "unknown_instance")


ENOUGH = {"action": 0, "algorithm_id": "a", "writeup": "b", "api_key": "c"}
"""The required fields of every route."""


def test_a_missing_parameter_is_named_before_the_instance_is_looked_for(server: Server) -> None:
    """As the ancestor did, whose clients' tests send nothing to nobody."""
    assert mistake(server.http.post("/v1/envs/deadbeef/step/")) == MISSING.format("action")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, MISSING.format("environment")),
        ({"env": "CartPole-v1"}, MISSING.format("environment")),
        ({"environment": "CartPoll-v1"}, "Did you mean 'CartPole-v1'?"),
        ({"environment": "Nothing-v0"}, "No environment is registered under 'Nothing-v0'"),
        ({"environment": "Cart Pole"}, "Attempted to look up malformed environment ID 'Cart Pole'"),
        ({"environment": ""}, MISSING.format("environment")),
        ({"environment": "os:CartPole-v1"}, "names a module to import"),
        ({"environment": "test/RaisesInMake-v0:x"}, "names a module to import"),
        ({"environment": 5}, "$.environment: Expected `str"),
        ({"environment": "CartPole-v1", "render_mode": "human"}, "rgb_array"),
    ],
)
def test_a_creation_that_cannot_be_leaves_nothing(server: Server, body: dict[str, Any], said: str) -> None:
    """No instance, no folder, no process; and the answer says what to change."""
    instances, folders = server.http.get("/v2/envs").json(), set(server.data_dir.iterdir())
    assert said in mistake(server.http.post("/v1/envs/create/", json=body))
    assert server.http.get("/v2/envs").json() == instances
    assert set(server.data_dir.iterdir()) == folders


def test_an_environment_that_raises_while_it_is_made_is_not_the_callers_mistake(server: Server) -> None:
    """500, with its own words."""
    answer = server.http.post("/v1/envs/create/", json={"environment": "test/RaisesInMake-v0"})
    assert "ValueError: this environment cannot be made" in mistake(answer, 500)


@pytest.mark.parametrize("body", ["", "null", '""', "[]", "{}", " \n{ }\t", '{"action": null}', '{"action": ""}',
                                  '{"action": []}', '{"actions": [1]}'])  # fmt: skip
def test_a_step_without_an_action_says_so(server: Server, instance: str, body: str) -> None:
    """All five ways to send nothing, and the three ways to send no action."""
    answer = server.http.post(f"/v1/envs/{instance}/step/", content=body)
    assert mistake(answer) == MISSING.format("action")


def test_zero_is_an_action(server: Server, instance: str) -> None:
    """Nothing is decided by truthiness."""
    assert server.step(instance, 0).json()["reward"] == 1.0


@pytest.mark.parametrize("action", ["2", "-1", "0.5", "true", '"1"', "[1]", '{"a": 1}', "99999999999999999999",
                                    '"NaN"', '["x"]', "[[0]]", '{"$array": 1}'])  # fmt: skip
def test_an_action_outside_the_space_is_invalid(server: Server, instance: str, action: str) -> None:
    """Too large, too small, no integer, or of another type altogether."""
    answer = server.http.post(f"/v1/envs/{instance}/step/", content=f'{{"action": {action}}}')
    assert mistake(answer).startswith("Invalid Action: $.action")


@pytest.mark.parametrize(
    "body",
    ["{", "action=1", "{'action': 1}", '{"action": 1', '{"action": NaN}', '{"action": 1e400}', '{"action": 1}}', "\x00",
     "[1, 2]", "7", '"step"', '{"action": 1, "render": "perhaps"}', '{"action": 1, "render": 1}', "[" * 100_000],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(server: Server, instance: str, body: str) -> None:
    """Or that has something else where a boolean belongs."""
    assert mistake(server.http.post(f"/v1/envs/{instance}/step/", content=body))


def test_bytes_that_are_no_text_are_refused(server: Server, instance: str) -> None:
    """JSON is UTF-8."""
    for body in (b"\xff\xfe\x00", b'{"action": "\xff"}'):
        assert mistake(server.http.post(f"/v1/envs/{instance}/step/", content=body))


def test_a_step_before_the_first_reset_says_what_to_do(server: Server) -> None:
    """And the reset it asks for helps."""
    instance = server.create("CartPole-v1")
    assert mistake(server.step(instance, 0)) == "call reset first: no episode has begun"
    server.reset(instance)
    assert server.step(instance, 0).status_code == 200


def test_a_step_that_raises_is_told_and_the_instance_lives(server: Server) -> None:
    """500 with the exception; the same process takes the next step."""
    instance = server.create("test/Raises-v0")
    server.reset(instance)
    pid = server.document(instance)["pid"]
    assert "ValueError: a step of this environment always fails" in mistake(server.step(instance, 1), 500)
    assert server.step(instance, 0).status_code == 200
    assert server.document(instance)["pid"] == pid


def test_a_body_above_the_limit_is_refused(server: Server, instance: str) -> None:
    """413 in the form of its API, without waiting for the rest of it."""
    large = b'{"action": 0, "x": "' + b"x" * 5 * 2**20 + b'"}'
    assert "larger than" in mistake(server.http.post(f"/v1/envs/{instance}/step/", content=large), 413)
    problem(server.http.post(f"/v2/envs/{instance}/kill", content=large), 413, "payload_too_large")


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/envs/x/y/z", "/v1/envs//info", "/", "/nothing", "/%ff"])
def test_an_unknown_path_is_404_under_the_keys_that_old_clients_know(server: Server, path: str) -> None:
    """JSON, never a page; also outside of both APIs, where the first of all clients look."""
    for method in ("GET", "POST"):
        assert mistake(server.http.request(method, path), 404)


@pytest.mark.parametrize("path", ["/v2", "/v2/nothing", "/v2/envs/a/b"])
def test_an_unknown_path_of_v2_is_a_problem(server: Server, path: str) -> None:
    """RFC 9457."""
    for method in ("GET", "POST"):
        problem(server.http.request(method, path), 404, "not_found")


def test_a_wrong_method_is_405_and_names_the_right_ones(server: Server, instance: str) -> None:
    """In the form of its API."""
    answer = server.http.get(f"/v1/envs/{instance}/step/")
    assert "POST" in mistake(answer, 405)
    assert set(answer.headers["Allow"].split(",")) == {"POST", "OPTIONS"}
    mistake(server.http.post("/v1/help"), 405)
    mistake(server.http.delete("/v1/envs/create/"), 405)
    answer = server.http.put(f"/v2/envs/{instance}")
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(",")) == {"GET", "HEAD", "DELETE", "OPTIONS"}


def test_a_connection_survives_every_mistake(server: Server, instance: str) -> None:
    """Errors are answers: one connection carries them and a step after them."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as replies:
        for path, body in (
            ("/v1/envs/x/step/", b"{"),
            ("/nowhere", b"x"),
            (f"/v1/envs/{instance}/step/", b'{"action": 0}'),
        ):
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            status = int(replies.readline().split()[1])
            length = next(int(line.split()[1]) for line in replies if line.lower().startswith(b"content-length"))
            while replies.readline().strip():
                pass
            text = replies.read(length)
    assert (status, json.loads(text)["reward"]) == (200, 1.0)
