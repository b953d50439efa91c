"""What clients of all ages send is understood: empty bodies, content types, slashes, methods, strings for booleans."""

import socket
from typing import Any

import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def instance(server: Server) -> str:
    """A CartPole, reset."""
    instance_id = server.create("CartPole-v1")
    server.reset(instance_id)
    return instance_id


@pytest.mark.parametrize("body", [b"", b"null", b'""', b"[]", b"{}"])
@pytest.mark.parametrize("route", ["reset/", "monitor/close/", "monitor/stop/"])
def test_five_bodies_mean_nothing(server: Server, instance: str, route: str, body: bytes) -> None:
    """Old clients send all of them where no field is required."""
    assert server.http.post(f"/v1/envs/{instance}/{route}", content=body).status_code == 200


@pytest.mark.parametrize("body", [b"null", b'""', b"[]", b"{}", b'{"render": true}', b"x" * 100_000])
def test_a_body_on_a_get_is_read_off_the_connection(server: Server, instance: str, body: bytes) -> None:
    """The next request on the same connection is not taken for its rest."""
    for path in (f"/v1/envs/{instance}/info", "/v1/help", "/v2/envs", "/healthz"):
        assert server.http.request("GET", path, content=body).status_code == 200


@pytest.mark.parametrize(
    ("flag", "draws"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
def test_booleans_may_be_strings(server: Server, instance: str, flag: Any, draws: bool) -> None:
    """Lua's client sends "true" and "false"."""
    server.reset(instance)
    assert ("render" in server.step(instance, 0, render=flag).json()) is draws


@pytest.mark.parametrize(
    "content_type",
    [None, "application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "nonsense"],
)
def test_the_content_type_does_not_matter_to_v1(server: Server, instance: str, content_type: str | None) -> None:
    """curl says it sends a form, some clients say nothing."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = server.http.post(f"/v1/envs/{instance}/reset/", content=b'{"render": true}', headers=headers)
    assert answer.json()["observation"]["render"].startswith("successfully rendered: ")


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/xml;q=0.1", "nonsense"])
def test_nothing_is_refused_for_what_the_client_accepts(server: Server, instance: str, accept: str) -> None:
    """`/v1` speaks JSON to everybody."""
    answer = server.http.post(f"/v1/envs/{instance}/reset/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_unknown_fields_are_ignored_by_v1(server: Server, instance: str) -> None:
    """What a client of another age sends beside its action."""
    server.reset(instance)
    fields = {"action": 0, "instance_id": "x", "x": {"y": [1, 2]}, "": None}
    assert server.http.post(f"/v1/envs/{instance}/step/", json=fields).status_code == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_works_with_and_without_its_slash(server: Server, slash: str) -> None:
    """No redirect: old clients do not follow one on a POST."""
    http = server.http
    answer = http.post(f"/v1/envs/create{slash}", json={"environment": "CartPole-v1"})
    path = f"/v1/envs/{answer.json()['instance_id']}"
    answers = [answer, http.post(f"{path}/reset{slash}"), http.post(f"{path}/step{slash}", json={"action": 0})]
    answers += [http.post(f"{path}/monitor/{name}{slash}") for name in ("start", "close", "stop")]
    document = path.replace("v1", "v2") + slash
    answers += [http.get(where) for where in (f"{path}/info{slash}", f"/v1/help{slash}", f"/v2/envs{slash}", document)]
    answers += [http.post(f"{document.rstrip('/')}/kill{slash}"), http.delete(document)]
    assert [answer.status_code for answer in answers] == [201, *[200] * 10, 204]


def test_every_route_of_the_help_answers_options(server: Server, instance: str) -> None:
    """With the methods that the help names."""
    for route, described in server.http.get("/v1/help").json()["v1"].items():
        answer = server.http.options(route.replace("<instance_id>", instance))
        assert answer.status_code == 204
        assert set(answer.headers["Allow"].split(",")) >= set(described["methods"].split(","))


@pytest.mark.parametrize("path", ["/v1/help", "/v1/envs/{}/info", "/v2/envs", "/v2/envs/{}", "/healthz"])
def test_head_is_get_without_the_body(server: Server, instance: str, path: str) -> None:
    """Same status and type, nothing to read."""
    got = server.http.get(path.format(instance))
    head = server.http.head(path.format(instance))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


def test_a_client_that_waits_for_100_is_told_to_continue(server: Server, instance: str) -> None:
    """curl does so before it sends a large body."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as replies:
        path, rest = f"/v1/envs/{instance}/reset/", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{rest}"
        connection.sendall(head.encode())
        assert replies.readline().split()[1] == b"100"
        assert replies.readline() == b"\r\n"
        connection.sendall(b"{}")
        assert replies.readline().split()[1] == b"200"


def test_an_id_of_the_past_says_what_it_became(server: Server) -> None:
    """FrozenLake-v0 is FrozenLake-v1 now; the reply holds strings only."""
    reply = server.http.post("/v1/envs/create/", json={"environment": "FrozenLake-v0"})
    assert reply.status_code == 201
    assert reply.json() == {"instance_id": reply.json()["instance_id"], "resolved_environment": "FrozenLake-v1"}


def test_what_is_no_number_in_json_is_written_as_the_clients_of_2016_read_it(server: Server) -> None:
    """NaN is null, infinities are a number beyond all others."""
    instance = server.create("test/ReturnsNaN-v0")
    server.reset(instance)
    said = server.step(instance, 0).json()
    assert said["observation"] == [None, -1e100]
    assert said["reward"] is None
    assert said["info"] == {"x": 1e100}


def test_commands_to_one_instance_run_in_the_order_in_which_they_came(server: Server, instance: str) -> None:
    """Pipelined on one connection: each step's reply is that of the step."""
    server.reset(instance)
    host, port = server.url.removeprefix("http://").split(":")
    step = b'POST /v1/envs/%b/step/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"action": %d}'
    before = server.document(instance)["steps"]
    with socket.create_connection((host, int(port)), timeout=30) as connection, connection.makefile("rb") as replies:
        connection.sendall(b"".join(step % (instance.encode(), action) for action in (0, 1, 0, 1)))
        statuses = [line.split()[1] for line in _status_lines(replies, 4)]
    assert statuses == [b"200"] * 4
    assert server.document(instance)["steps"] == before + 4


def _status_lines(replies: Any, count: int) -> list[bytes]:
    """The first line of each of so many replies."""
    found: list[bytes] = []
    while len(found) < count:
        line = replies.readline()
        assert line, "the connection ended early"
        if line.startswith(b"HTTP/1.1 "):
            found.append(line)
    return found
