"""What old clients do with a connection, and what of it a server must bear: points 5 to 7 of twenty, and HTTP/1.0."""

import json
import socket
import statistics
import time

import pytest

from tests.server import Server
from tests.transcripts.caller import NO_TYPE, Caller
from tests.transcripts.shapes import HTML, JSON, Complains
from tests.transcripts.wire import Connection


@pytest.mark.parametrize("body", [b"null", b"{}", b'{"action": 1}', b"x" * 100_000])
def test_a_body_is_taken_off_the_connection_wherever_it_is(caller: Caller, cartpole: str, body: bytes) -> None:
    """Point 5: on a GET, beside an unknown path, with a wrong method: what follows is read from its first byte."""
    asked = [
        ("GET", "/v1/envs/", 200), ("GET", f"{cartpole}/action_space/", 200), ("GET", "/v1/help", 200),
        ("GET", f"{cartpole}/action_space/sample", 200), ("POST", "/v1/nowhere", 404), ("PUT", "/v1/envs/", 405),
        ("POST", "/v1/envs/00000000/close/", 400), ("GET", "/v1/envs/", 200),
    ]  # fmt: skip
    caller.send(b"".join(caller.request(method, path, body) for method, path, _ in asked))
    assert [caller.receive().status for _ in asked] == [status for _, _, status in asked]


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip, br, zstd", "gzip, identity;q=0", "identity", ""])
def test_nothing_is_compressed_for_who_cannot_read_it(caller: Caller, cartpole: str, accepted: str) -> None:
    """Point 6: four of the clients do not ask for it; the others read what is not compressed just as well."""
    request = caller.request("GET", f"{cartpole}/observation_space/", None, NO_TYPE, f"Accept-Encoding: {accepted}")
    assert caller.ask(request).json["info"]["shape"] == [4]


@pytest.mark.parametrize("accepted", ["text/html;charset=utf-8", "image/png", "application/xml;q=0.1", "nonsense", ""])
def test_nothing_is_refused_for_what_is_accepted(caller: Caller, cartpole: str, accepted: str) -> None:
    """Point 6: no 406; JSON is JSON, and a 204 is typed as HTML."""
    for route, status, content_type in (("reset/", 200, JSON), ("monitor/close/", 204, HTML)):
        answer = caller.ask(caller.request("POST", f"{cartpole}/{route}", b"", NO_TYPE, f"Accept: {accepted}"))
        assert (answer.status, answer.content_type) == (status, content_type)


def test_who_waits_for_100_is_told_to_go_on(caller: Caller, cartpole: str) -> None:
    """Point 6: libcurl does so before a body of more than a kilobyte, and waits a second otherwise."""
    body = json.dumps({"action": 1, "render": False, "padding": "x" * 2000}).encode()
    request = caller.request("POST", f"{cartpole}/step/", body, JSON, "Expect: 100-continue")
    head = request.removesuffix(body)
    caller.send(head)
    assert caller.receive() == ("1.1", 100, {}, b"", 1)
    caller.send(body)
    assert caller.receive().json["reward"] == 1.0
    assert not caller.left, "one answer, not two"


def test_who_says_expect_and_does_not_wait_is_answered_once(caller: Caller, cartpole: str) -> None:
    """Point 6: as libcurl after its second of patience."""
    request = caller.request("POST", f"{cartpole}/step/", b'{"action": 1}', JSON, "Expect: 100-continue")
    caller.send(request)
    assert [caller.receive().status for _ in range(2)] == [100, 200]


def test_a_small_answer_leaves_in_one_segment(caller: Caller, cartpole: str) -> None:
    """Point 7: its head and its body are read at once, a hundred times over."""
    step = caller.request("POST", f"{cartpole}/step/", b'{"action": 0, "render": false}')
    assert [caller.ask(step).reads for _ in range(100)] == [1] * 100


def test_no_answer_waits_for_the_one_before_to_be_acknowledged(caller: Caller) -> None:
    """Point 7, TCP_NODELAY: who takes 40 ms to acknowledge the first of two answers gets the second in time."""
    waits_s = []
    for _ in range(9):
        caller.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        caller.send(caller.request("GET", "/v1/envs/") * 2)
        caller.receive()
        began = time.perf_counter()
        caller.receive()
        waits_s.append(time.perf_counter() - began)
    assert statistics.median(waits_s) < 0.03


def test_http_1_0_is_answered_and_the_connection_ends(server: Server) -> None:
    """Without a host, and without a word of keeping the connection."""
    with Connection(server.url) as connection:
        answer = connection.ask(b"GET /v1/envs/ HTTP/1.0\r\n\r\n")
        assert (answer.version, answer.status, answer.content_type) == ("1.0", 200, JSON)
        assert connection.is_ended()


def test_http_1_0_may_keep_its_connection(server: Server) -> None:
    """If it says so; and the answer says that it does."""
    request = b"POST /v1/envs/ HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
    with Connection(server.url) as connection:
        for _ in range(2):
            answer = connection.ask(request)
            assert answer.headers["connection"].lower() == "keep-alive"
            Complains("env_id").check(answer)


def test_a_body_may_come_in_chunks(caller: Caller, cartpole: str) -> None:
    """Node's way where it does not know the length."""
    head = caller.request("POST", f"{cartpole}/step/", None, JSON, "Transfer-Encoding: chunked")
    assert caller.ask(head + b'5\r\n{"act\r\n8\r\nion": 1}\r\n0\r\n\r\n').json["reward"] == 1.0
