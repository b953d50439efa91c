"""What is said on a socket: messages in, answers out, in order where there is an order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from tests.gateway.by_hand import BINARY, TEXT, Socket
from tests.gateway.gates import GATES, Gate
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that wait at a gate."""
    with running_server(tmp_path_factory.mktemp("server"), *GATES) as running:
        yield running


@pytest.fixture
def socket(server: Server) -> Iterator[Socket]:
    """In JSON."""
    with Socket(server.url) as socket:
        yield socket


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Holds up a step."""
    with Gate(tmp_path / "gate") as gate:
        yield gate


def begun(socket: Socket, env_id: str = "CartPole-v1", **fields: Any) -> str:
    """The id of a new instance in its first episode."""
    instance_id = str(socket.ask(id=0, op="create", env_id=env_id, **fields)["body"]["instance_id"])
    assert socket.ask(id=0, op="reset", instance_id=instance_id, seed=1)["status"] == 200
    return instance_id


def test_replies_of_one_instance_come_in_the_order_of_its_messages(socket: Socket, gate: Gate) -> None:
    """Sixty steps are on their way before the first one ends."""
    instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
    for number in range(60):
        socket.send(id=number, op="step", instance_id=instance_id, action=int(number == 0))
    gate.wait_until_entered()
    gate.release()
    replies = [socket.receive() for _ in range(60)]
    assert [reply["id"] for reply in replies] == list(range(60))
    assert [reply["body"]["observation"] for reply in replies] == [[number + 1] for number in range(60)]


def test_a_slow_environment_holds_up_nobody(socket: Socket, gate: Gate) -> None:
    """The steps of another instance on the same socket are taken and answered meanwhile."""
    slow, quick = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs), begun(socket)
    socket.send(id="slow", op="step", instance_id=slow, action=1)
    gate.wait_until_entered()
    for number in range(5):
        assert socket.ask(id=number, op="step", instance_id=quick, action=0)["id"] == number
    gate.release()
    assert socket.receive()["id"] == "slow"


@pytest.mark.parametrize("batch_comes_first", [True, False])
def test_a_batch_keeps_its_place_among_the_messages_of_its_instances(
    socket: Socket, gate: Gate, *, batch_comes_first: bool
) -> None:
    """Also where it and a step arrive in one piece; its parts are not overtaken, and overtake nothing."""
    instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
    other = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
    batch = {"id": "batch", "op": "step_many", "instance_ids": [other, instance_id], "actions": [0, 0]}
    step = {"id": "step", "op": "step", "instance_id": instance_id, "action": 0}
    messages = (batch, step, step) if batch_comes_first else (step, step, batch)
    socket.send_together(*messages)
    told: dict[str, list[Any]] = {"batch": [], "step": []}
    for reply in (socket.receive() for _ in messages):
        body = reply["body"]
        told[reply["id"]].append(body["observation"] if reply["id"] == "step" else body["observations"][1])
    expected = {"batch": [[1]], "step": [[2], [3]]} if batch_comes_first else {"step": [[1], [2]], "batch": [[3]]}
    assert told == expected


IDS = [7, -1, 1.5, 2**60, "", "seven", None, True, [], [1, {"a": None}], {"b": [2]}]


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_an_id_of_any_type_is_echoed(server: Server, encoding: str) -> None:
    """Numbers, strings, null, lists and objects; in MessagePack bytes and extensions as well."""
    ids = [*IDS, *([b"bytes", msgpack.ExtType(5, b"own")] if encoding == "msgpack" else [])]
    with Socket(server.url, encoding=encoding) as socket:
        assert [socket.ask(id=id_, op="describe")["id"] for id_ in ids] == ids
        assert [socket.ask(id=id_, op="dance")["id"] for id_ in ids] == ids


UNREADABLE = {
    "nothing": (b"", None, 400, "bad_request"),
    "no JSON": (b"{", None, 400, "bad_request"),
    "half a message": (b'{"id": 1, "op": "describe"', None, 400, "bad_request"),
    "two messages": (b'{"id": 1, "op": "describe"}{"id": 2}', None, 400, "bad_request"),
    "a list": (b"[]", None, 400, "bad_request"),
    "a number": (b"5", None, 400, "bad_request"),
    "deep nesting": (b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b',"op":"describe"}', None, 400, "bad_request"),
    "no op": (b'{"id": 1}', 1, 422, "invalid_field"),
    "an unknown op": (b'{"id": 1, "op": "dance"}', 1, 422, "invalid_field"),
    "an op that is a number": (b'{"id": 1, "op": 5}', 1, 422, "invalid_field"),
    "no id": (b'{"op": "describe"}', None, 422, "invalid_field"),
    "an unknown field": (b'{"id": 1, "op": "describe", "x": 1}', 1, 422, "invalid_field"),
    "a missing field": (b'{"id": 1, "op": "step", "action": 0}', 1, 422, "invalid_field"),
    "a field of another type": (b'{"id": 1, "op": "reset", "instance_id": 5}', 1, 422, "invalid_field"),
    "two ids": (b'{"id": 1, "id": 2, "op": "describe"}', None, 400, "bad_request"),
    "two ops": (b'{"id": 1, "op": "describe", "op": "describe"}', None, 400, "bad_request"),
    "two labels": (b'{"id":1,"op":"create","env_id":"x","labels":{"a":"","a":""}}', None, 400, "bad_request"),
    "a spelt name": (b'{"id": 1, "op": "describe", "\\u006fp": "describe"}', None, 400, "bad_request"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_message_that_cannot_be_read_is_answered_and_the_socket_lives_on(socket: Socket, name: str) -> None:
    """With its id, where that much of it can be read."""
    content, reply_id, status, code = UNREADABLE[name]
    socket.send_frame(TEXT, content)
    reply = socket.receive()
    assert (reply["id"], reply["status"], reply["problem"]["code"]) == (reply_id, status, code)
    assert reply["problem"]["detail"]
    assert socket.ask(id=2, op="describe")["status"] == 200


@pytest.mark.parametrize(
    "content",
    [b"\xc1", b"\x82\xa2id\x01", b"\x81\x01\x02", b"\xdf\xff\xff\xff\xff", b"\x91" * 100_000, b"{}", b"\xc7\xff\x01"],
    ids=lambda content: content[:12].hex(),
)
def test_bytes_that_are_no_messagepack_are_answered(server: Server, content: bytes) -> None:
    """400, and the socket lives on."""
    with Socket(server.url, encoding="msgpack") as socket:
        socket.send_frame(BINARY, content)
        reply = socket.receive()
        assert (reply["id"], reply["status"], reply["problem"]["code"]) == (None, 400, "bad_request")
        assert socket.ask(id=2, op="describe")["status"] == 200


@pytest.mark.parametrize(("encoding", "opcode"), [("json", BINARY), ("msgpack", TEXT)])
def test_a_message_of_the_other_kind_is_answered(server: Server, encoding: str, opcode: int) -> None:
    """Text is JSON and binary is MessagePack, as the socket's protocol says."""
    with Socket(server.url, encoding=encoding) as socket:
        socket.send_frame(opcode, json.dumps({"id": 1, "op": "describe"}).encode())
        assert socket.receive()["problem"]["code"] == "bad_request"
        assert socket.ask(id=2, op="describe")["status"] == 200


def test_what_an_instance_refuses_is_told_with_the_message_it_refuses(socket: Socket) -> None:
    """Status and code are those of HTTP; the reason names the place."""
    instance_id = begun(socket)
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"op": "step", "instance_id": instance_id, "action": 7}, 422, "invalid_action"),
        ({"op": "step", "instance_id": instance_id}, 422, "invalid_field"),
        ({"op": "step", "instance_id": "00000000", "action": 0}, 404, "unknown_instance"),
        ({"op": "create", "env_id": "Nothing-v0"}, 404, "unknown_environment"),
        ({"op": "render", "instance_id": instance_id}, 422, "unsupported"),
        ({"op": "fork", "instance_id": instance_id}, 501, "unsupported"),
        ({"op": "step_many", "instance_ids": [instance_id], "actions": []}, 422, "invalid_field"),
    ]
    for number, (message, status, code) in enumerate(refusals):
        reply = socket.ask(id=number, **message)
        assert (reply["id"], reply["status"], reply["problem"]["code"]) == (number, status, code)
        assert "body" not in reply
    assert socket.ask(id=0, op="step", instance_id=instance_id, action=0)["status"] == 200


def test_every_operation_answers_as_its_route_does(server: Server, socket: Socket) -> None:
    """From create to close."""
    instance_id = begun(socket, render_mode="rgb_array", labels={"who": "me"})
    documents = [socket.ask(id=0, op="describe", instance_id=instance_id)["body"]]
    documents.append(server.http.get(f"/v2/envs/{instance_id}").json())
    assert [{**document, "idle_s": 0} for document in documents] == [{**documents[0], "idle_s": 0}] * 2
    picture = socket.ask(id=0, op="render", instance_id=instance_id)["body"]
    assert (picture["media_type"], picture["data"][:8]) == ("image/png", "iVBORw0K")
    sampled = socket.ask(id=0, op="sample", instance_id=instance_id, n=3, seed=1)["body"]
    assert sampled == server.http.post(f"/v2/envs/{instance_id}/action_space/sample", json={"n": 3, "seed": 1}).json()
    drawn = socket.ask(id=0, op="step", instance_id=instance_id, action=0, render=True)["body"]["render"]
    assert server.files.get(drawn["url"]).headers["Content-Type"] == "image/png"
    killed = socket.ask(id=0, op="kill", instance_id=instance_id)
    assert (killed["status"], killed["body"]["cause"]) == (200, "killed")
    assert socket.ask(id=0, op="step", instance_id=instance_id, action=0)["status"] == 410
    assert [socket.ask(id=0, op="close", instance_id=instance_id)["status"] for _ in range(2)] == [204, 204]
    assert server.http.get(f"/v2/envs/{instance_id}").status_code == 410


def test_a_picture_comes_as_bytes_in_messagepack(server: Server) -> None:
    """Where JSON has base64."""
    with Socket(server.url, encoding="msgpack") as socket:
        instance_id = begun(socket, render_mode="rgb_array")
        picture = socket.ask(id=0, op="render", instance_id=instance_id, kind="jpeg")["body"]
    assert (picture["media_type"], picture["data"][:3]) == ("image/jpeg", b"\xff\xd8\xff")
