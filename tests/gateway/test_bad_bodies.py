"""Bodies that say nothing that can be done: each is refused with its own reason, and no instance is harmed."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgpack
import pytest

from tests.server import Server

MAX_BODY_BYTES = 4 * 1024 * 1024
JSON, MSGPACK = "application/json", "application/msgpack"
DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = b"9" * 5000


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_taken_for_a_bug(server: Server) -> Iterator[None]:
    """Whatever these tests send, the server knows that it is not its own fault."""
    yield
    assert "ERROR" not in server.log


@pytest.fixture(scope="module")
def pendulum(server: Server) -> str:
    """The path of an instance whose actions are arrays of one number, in its first episode."""
    created = server.http.post("/v2/envs", json={"env_id": "Pendulum-v1"}).json()
    path = f"/v2/envs/{created['instance_id']}"
    assert server.http.post(f"{path}/reset", json={"seed": 1}).status_code == 200
    return path


@pytest.fixture
def unharmed(server: Server, pendulum: str) -> Iterator[str]:
    """The same instance; the test may ask whatever it likes, and not a step is taken for it."""
    before = server.http.get(pendulum).json()
    yield pendulum
    after = server.http.get(pendulum).json()
    for name in ("pid", "state", "steps", "restarts", "crash"):
        assert after[name] == before[name]
    assert server.http.post(f"{pendulum}/step", json={"action": [0]}).status_code == 200


def send(server: Server, path: str, content: bytes, media_type: str = JSON, **headers: str) -> httpx.Response:
    return server.http.post(path, content=content, headers={"Content-Type": media_type} | headers)


def check(reply: httpx.Response, status: int, code: str, path: str | None = None) -> None:
    """The reply is that problem, in the contract's form; `path` is the place that it names."""
    problem = reply.json()
    assert (reply.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert set(problem) - {"errors", "crash"} == {"type", "title", "status", "detail", "instance", "code"}
    assert problem["type"] == f"/docs#{code}"
    assert len(problem["detail"]) < 1000
    if path:
        assert problem["errors"][0]["path"] == path
        assert problem["errors"][0]["message"]


NO_JSON = {
    "half an object": b'{"action": [0]',
    "a word": b"nonsense",
    "a comma too many": b'{"action": [0],}',
    "single quotes": b"{'action': [0]}",
    "a bare NaN": b'{"action": [NaN]}',
    "a bare Infinity": b'{"action": [Infinity]}',
    "a leading zero": b'{"action": [01]}',
    "a comment": b'{"action": [0] /* zero */}',
    "two objects": b'{"action": [0]}{"action": [0]}',
    "a name without quotes": b"{action: [0]}",
    "bytes": b"\xff\xfe\x00\x01",
    "UTF-16": '{"action": [0]}'.encode("utf-16"),
    "a name that is no text": b'{"acti\xffon": [0]}',
    "a string that is no text": b'{"action": "\xff"}',
    "half a surrogate": b'{"action": "\\ud800"}',
    "a control character": b'{"action": "\x01"}',
    "deep lists": b'{"action": ' + DEEP + b"}",
    "deep objects": b'{"action": ' + b'{"a":' * 100_000 + b"0" + b"}" * 100_000 + b"}",
    "a list": b'[{"action": [0]}]',
    "a number": b"5",
    "a string": b'"action"',
    "a member twice": b'{"action": [0], "action": [1]}',
    "a member twice, spelt in two ways": b'{"action": [0], "\\u0061ction": [1]}',
    "a member twice within the action": b'{"action": {"a": 1, "a": 2}}',
}


@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_no_object_of_json_is_a_bad_request(server: Server, unharmed: str, name: str) -> None:
    """400."""
    check(send(server, f"{unharmed}/step", NO_JSON[name]), 400, "bad_request")


NO_MESSAGEPACK = {
    "JSON": b'{"action": [0]}',
    "an unused byte": b"\xc1",
    "half an object": b"\x82\xa6action\x91\x00",
    "an object that announces four billion members": b"\xdf\xff\xff\xff\xff",
    "a string that is no text": b"\x81\xa6acti\xffn\x00",
    "a name that is a number": b"\x81\x01\x00",
    "two objects": b"\x81\xa6action\x91\x00\x80",
    "deep lists": b"\x81\xa6action" + b"\x91" * 100_000 + b"\x00",
    "a member twice": b"\x82\xa6action\x91\x00\xa6action\x91\x01",
    "a list that announces four billion values": b"\x81\xa6action\xdd\xff\xff\xff\xff\x00",
    "a string": b"\xa6action",
}


@pytest.mark.parametrize("name", NO_MESSAGEPACK)
def test_what_is_no_object_of_messagepack_is_a_bad_request(server: Server, unharmed: str, name: str) -> None:
    """400, without memory for what is merely announced."""
    check(send(server, f"{unharmed}/step", NO_MESSAGEPACK[name], MSGPACK), 400, "bad_request")


def array(dtype: Any, shape: Any, content: Any) -> bytes:
    """An array in the contract's form, whatever its parts."""
    parts = msgpack.packb([dtype, shape, content])
    return bytes(msgpack.packb({"action": msgpack.ExtType(1, parts)}))


NO_ARRAY = {
    "cut off": b"\x81\xa6action\xc7\x10\x01\x93\xa3<f4\x91\x01",
    "garbage": msgpack.packb({"action": msgpack.ExtType(1, b"\xc1garbage")}),
    "of two parts": msgpack.packb({"action": msgpack.ExtType(1, msgpack.packb(["<f4", [1]]))}),
    "of another type": msgpack.packb({"action": msgpack.ExtType(2, msgpack.packb(["<f4", [1], bytes(4)]))}),
    "that is a timestamp": msgpack.packb({"action": msgpack.Timestamp(1)}),
    "with too few bytes": array("<f4", [1], bytes(3)),
    "with too many bytes": array("<f4", [1], bytes(8)),
    "with a shape that lies": array("<f4", [1000], bytes(4)),
    "with a shape beyond all memory": array("<f4", [2**62, 2**62], bytes(4)),
    "with a size below zero": array("<f4", [-1], bytes(4)),
    "with a fraction as size": array("<f4", [1.0], bytes(4)),
    "with a number as shape": array("<f4", 1, bytes(4)),
    "with a thousand axes": array("<f4", [1] * 1000, bytes(4)),
    "of objects": array("|O", [1], bytes(8)),
    "of records": array([["a", "<f4"]], [1], bytes(4)),
    "of records in a string": array("f4,f4", [1], bytes(8)),
    "of dates": array("<M8[s]", [1], bytes(8)),
    "of strings": array("<U1", [1], bytes(4)),
    "of no known dtype": array("float99", [1], bytes(4)),
    "with a dtype that is no string": array(4, [1], bytes(4)),
    "with text as content": array("<f4", [1], "text"),
}


@pytest.mark.parametrize("name", NO_ARRAY)
def test_an_array_whose_parts_do_not_go_together_is_refused(server: Server, unharmed: str, name: str) -> None:
    """The reason is told."""
    reply = send(server, f"{unharmed}/step", NO_ARRAY[name], MSGPACK)
    check(reply, reply.status_code, "bad_request" if reply.status_code == 400 else "invalid_action")
    assert reply.status_code in {400, 422}


NO_ACTION = [
    ({"action": None}, "$.action"),
    ({"action": True}, "$.action"),
    ({"action": "0"}, "$.action"),
    ({"action": 0}, "$.action"),
    ({"action": []}, "$.action"),
    ({"action": [0, 0]}, "$.action"),
    ({"action": [[0]]}, "$.action[0]"),
    ({"action": [None]}, "$.action[0]"),
    ({"action": [True]}, "$.action[0]"),
    ({"action": ["0"]}, "$.action[0]"),
    ({"action": ["NaN"]}, "$.action[0]"),
    ({"action": ["Infinity"]}, "$.action[0]"),
    ({"action": [2.5]}, "$.action[0]"),
    ({"action": [-1e300]}, "$.action[0]"),
    ({"action": [10**30]}, "$.action[0]"),
    ({"action": {"a": 1}}, "$.action"),
    ({"action": {"$array": "AAAAAA==", "dtype": "<f4"}}, "$.action"),
    ({"action": {"$array": "?", "dtype": "<f4", "shape": [1]}}, "$.action"),
    ({"action": {"$array": "AAAAAA==", "dtype": "|O", "shape": [1]}}, "$.action"),
    ({"action": {"$array": "AAAAAA==", "dtype": "<f4", "shape": [2]}}, "$.action"),
    ({"action": {"$array": "AADAfw==", "dtype": "<f4", "shape": [1]}}, "$.action[0]"),  # NaN
]


@pytest.mark.parametrize(("body", "path"), NO_ACTION, ids=str)
def test_an_action_outside_the_space_names_its_place(server: Server, unharmed: str, body: Any, path: str) -> None:
    """422 invalid_action, and why; the environment has not seen it."""
    check(send(server, f"{unharmed}/step", json.dumps(body).encode()), 422, "invalid_action", path)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2**64 - 1, -(2**63)])
def test_numbers_that_only_messagepack_has_are_checked_like_any(server: Server, unharmed: str, number: Any) -> None:
    """NaN lies in no Box."""
    body = msgpack.packb({"action": [number]})
    check(send(server, f"{unharmed}/step", body, MSGPACK), 422, "invalid_action", "$.action[0]")


def test_one_bad_action_among_several_means_that_none_is_taken(server: Server, unharmed: str) -> None:
    """Its place is told."""
    body = json.dumps({"actions": [[0], [0], [9]]}).encode()
    check(send(server, f"{unharmed}/step", body), 422, "invalid_action", "$.actions[2][0]")
