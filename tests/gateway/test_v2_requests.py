"""What surrounds a body of `/v2`: media types, sizes, encodings, queries, and clients that hang up in the middle."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgpack
import pytest

from tests.gateway.by_hand import Connection
from tests.server import Server

MAX_BODY_BYTES = 4 * 1024 * 1024
JSON, MSGPACK = "application/json", "application/msgpack"
PROBLEM_JSON, PROBLEM_MSGPACK = "application/problem+json", "application/problem+msgpack"


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_taken_for_a_bug(server: Server) -> Iterator[None]:
    """Whatever these tests send, the server knows that it is not its own fault."""
    yield
    assert "ERROR" not in server.log


@pytest.fixture
def cartpole(server: Server) -> Iterator[str]:
    """The path of an instance in its first episode; it steps on after the test."""
    created = server.http.post("/v2/envs", json={"env_id": "CartPole-v1", "render_mode": "rgb_array"}).json()
    path = f"/v2/envs/{created['instance_id']}"
    assert server.http.post(f"{path}/reset").status_code == 200
    yield path
    assert server.http.get(path).json()["pid"] == created["pid"]
    assert server.http.post(f"{path}/step", json={"action": 0}).status_code == 200
    server.http.delete(path)


def steps_of(server: Server, path: str) -> int:
    return int(server.http.get(path).json()["steps"])


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
     "application/jsonx", "application/problem+json", "text/json"],
)  # fmt: skip
def test_a_body_of_a_type_that_is_not_spoken_is_refused(server: Server, cartpole: str, media_type: str) -> None:
    """415, which names the two that are; a form is curl's default, and may mean anything."""
    reply = server.http.post(f"{cartpole}/step", content=b'{"action": 0}', headers={"Content-Type": media_type})
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")
    assert JSON in reply.json()["detail"]
    assert MSGPACK in reply.json()["detail"]
    assert steps_of(server, cartpole) == 0


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "", None])
def test_json_is_known_by_its_type_or_by_none(server: Server, cartpole: str, media_type: str | None) -> None:
    """In any case, and with the parameters that clients like to add."""
    headers = {} if media_type is None else {"Content-Type": media_type}
    assert server.http.post(f"{cartpole}/step", content=b'{"action": 0}', headers=headers).status_code == 200


def test_a_type_without_a_body_does_not_matter(server: Server, cartpole: str) -> None:
    """Some clients send one with everything."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.http.post(f"{cartpole}/reset", headers=headers).status_code == 200


ACCEPTS = {
    None: JSON,
    "*/*": JSON,
    "application/*": JSON,
    "application/json": JSON,
    "application/msgpack": MSGPACK,
    "Application/MsgPack": MSGPACK,
    "application/msgpack, */*": MSGPACK,
    "application/msgpack, */*;q=0.1": MSGPACK,
    "application/json;q=0.5, application/msgpack": MSGPACK,
    "application/json, application/msgpack;q=0.5": JSON,
    "application/msgpack;q=0": JSON,
    "application/msgpack;q=0, */*": JSON,
    "application/msgpack;q=0.000": JSON,
    "application/json;q=0, */*": MSGPACK,
    "application/msgpack;version=1;q=0.9, text/html": MSGPACK,
    "text/html, application/xhtml+xml": JSON,
    "application/msgpackx": JSON,
    ",,;;q=,": JSON,
    "application/msgpack;q=high": MSGPACK,
}


@pytest.mark.parametrize("accept", ACCEPTS, ids=str)
def test_the_answer_comes_in_the_type_that_is_wanted_most(server: Server, cartpole: str, accept: str | None) -> None:
    """Errors as well; where a client wants neither type, it gets JSON rather than nothing."""
    expected = ACCEPTS[accept]
    for body, status, media_type in (
        ({"action": 0}, 200, expected),
        ({"action": 5}, 422, PROBLEM_JSON if expected == JSON else PROBLEM_MSGPACK),
    ):
        content, headers = json.dumps(body).encode(), {"Content-Type": JSON, "Accept": accept or ""}
        reply = server.http.post(f"{cartpole}/step", content=content, headers=headers)
        assert (reply.status_code, reply.headers["Content-Type"]) == (status, media_type)
        said = reply.json() if expected == JSON else msgpack.unpackb(reply.content, ext_hook=msgpack.ExtType)
        assert ("observation" in said) == (status == 200)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "image/png"),
        ("image/jpeg", "image/jpeg"),
        ("image/*", "image/png"),
        ("image/png;q=0.1, image/jpeg", "image/jpeg"),
        ("image/avif, image/webp, */*;q=0.5", "image/png"),
        ("application/json", "image/png"),
    ],
)
def test_a_picture_comes_in_the_type_that_is_wanted_most(
    server: Server, cartpole: str, accept: str, media_type: str
) -> None:
    """PNG where it does not matter."""
    reply = server.http.get(f"{cartpole}/render", headers={"Accept": accept})
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, media_type)


def test_text_is_no_picture_of_an_environment_that_draws(server: Server, cartpole: str) -> None:
    """Who wants nothing else is told so."""
    reply = server.http.get(f"{cartpole}/render", headers={"Accept": "text/plain"})
    assert (reply.status_code, reply.json()["code"]) == (422, "unsupported")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_may_be_so_large_and_no_larger(server: Server, cartpole: str, *, is_chunked: bool) -> None:
    """413 beyond --max-body-bytes, whether its length is announced or not."""
    for excess, status in ((0, 200), (1, 413)):
        content = b'{"action": 0' + b" " * (MAX_BODY_BYTES - 13 + excess) + b"}"
        body: Any = iter([content]) if is_chunked else content
        reply = server.http.post(f"{cartpole}/step", content=body, headers={"Content-Type": JSON})
        assert reply.status_code == status, reply.text
    assert reply.json()["code"] == "payload_too_large"
    assert steps_of(server, cartpole) == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "rot13"])
def test_a_packed_body_is_refused(server: Server, cartpole: str, coding: str) -> None:
    """415, rather than unpacked: a kilobyte may become a gigabyte."""
    headers = {"Content-Type": JSON, "Content-Encoding": coding}
    reply = server.http.post(f"{cartpole}/step", content=gzip.compress(b'{"action": 0}'), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")
    assert steps_of(server, cartpole) == 0


QUERIES = {
    "/v2/envs?state=dead": "$.state",
    "/v2/envs?label=nocolon": "$.label",
    "/v2/envs?arrays=lists": "$.arrays",
    "{0}?arrays=": "$.arrays",
    "{0}/logs?tail=-1": "$.tail",
    "{0}/logs?tail=all": "$.tail",
    "{0}/logs?tail=\u00b2": "$.tail",
    "/v2/scoreboard?limit=x": "$.limit",
    "/v2/scoreboard?offset=-1": "$.offset",
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_says_nothing_is_refused(server: Server, cartpole: str, query: str) -> None:
    """422, which names the parameter."""
    reply = server.http.get(query.format(cartpole))
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_field")
    assert reply.json()["errors"][0]["path"] == QUERIES[query]


def test_instances_are_found_by_state_and_labels(server: Server) -> None:
    """Several labels must all be there; a value may have colons of its own."""
    fields = {"env_id": "CartPole-v1", "labels": {"who": "me", "url": "http://x"}}
    mine = server.http.post("/v2/envs", json=fields).json()["instance_id"]

    def found(*params: tuple[str, str]) -> list[str]:
        return [one["instance_id"] for one in server.http.get("/v2/envs", params=params).json()["envs"]]

    assert found(("label", "who:me")) == found(("label", "url:http://x")) == [mine]
    assert found(("label", "who:me"), ("label", "url:http://x"), ("state", "ready")) == [mine]
    assert found(("label", "who:me"), ("label", "who:you")) == []
    assert found(("label", "who:me"), ("state", "crashed")) == []


@pytest.mark.parametrize("sent", [0, 1, 5])
def test_a_client_that_hangs_up_within_its_body_has_asked_for_nothing(server: Server, cartpole: str, sent: int) -> None:
    """And the log has nothing to report; the connection is closed in order, or reset."""
    body = b'{"action": 0}'
    for vanishes in (True, False):
        with Connection(server.url) as connection:
            connection.request(
                "POST", f"{cartpole}/step", body[:sent], Content_Length=str(len(body)), Content_Type=JSON
            )
            if vanishes:
                connection.vanish()
    assert steps_of(server, cartpole) == 0


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/nothing", "/v2/envs/x/y/z", "/v2/envs/00000000/dance"])
def test_a_path_that_is_none_is_not_found(server: Server, path: str) -> None:
    """In the form of the API's errors, in either encoding."""
    for accept, media_type in ((JSON, PROBLEM_JSON), (MSGPACK, PROBLEM_MSGPACK)):
        reply: httpx.Response = server.http.get(path, headers={"Accept": accept})
        assert (reply.status_code, reply.headers["Content-Type"]) == (404, media_type)
    assert server.http.get(path).json()["code"] == "not_found"


NO_HTTP = {
    "a word": b"BLAH\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "a header without an end": b"GET /v2/envs HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    "a header that is none": b"GET /v2/envs HTTP/1.1\r\nHost\r\n\r\n",
    "two lengths": b"POST /v2/envs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length below zero": b"POST /v2/envs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "a length and chunks": b"POST /v2/envs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk without a size": b"POST /v2/envs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_refused(server: Server, name: str) -> None:
    """400, and the log has nothing to report."""
    with Connection(server.url) as connection:
        connection.socket.sendall(NO_HTTP[name])
        assert connection.response()[0] == 400
