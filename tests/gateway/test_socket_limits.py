"""What bounds a socket: how much it says at once, how much it leaves unread, how long it lives."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gateway.by_hand import BINARY, PING, PONG, TEXT, Socket
from tests.gateway.gates import GATES, Gate
from tests.server import Server, running_server

MAX_MESSAGE_BYTES = 100_000
MAX_UNANSWERED = 1024
MEBIBYTE = 1024 * 1024
ACTIONS = [0] * 20
LARGE = {"size": 200_000}  # an observation of 800 kB in JSON
TRY_AGAIN_LATER, TOO_BIG, GOING_AWAY, BAD_TEXT = 1013, 1009, 1001, 1007


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that takes small messages and long queues."""
    flags = ("--max-message-bytes", str(MAX_MESSAGE_BYTES), "--queue-length", "2000")
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, *flags, "--import", "tests.envs", *GATES) as running:
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


@pytest.mark.parametrize("excess", [0, 1])
def test_so_many_messages_may_wait_for_their_answers_and_no_more(socket: Socket, gate: Gate, excess: int) -> None:
    """All of 1,024 are answered; with one more the socket is closed with 1013."""
    instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
    steps = [
        {"id": number, "op": "step", "instance_id": instance_id, "action": int(number == 0)}
        for number in range(MAX_UNANSWERED + excess)
    ]
    socket.send_together(*steps)
    gate.wait_until_entered()
    if excess:
        assert socket.close_code() == TRY_AGAIN_LATER
        gate.release()
    else:
        gate.release()
        assert [socket.receive()["status"] for _ in steps] == [200] * MAX_UNANSWERED


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_a_message_may_be_so_large_and_no_larger(server: Server, encoding: str) -> None:
    """Beyond --max-message-bytes the socket is closed with 1009."""
    opcode = TEXT if encoding == "json" else BINARY
    with Socket(server.url, encoding=encoding) as socket:
        socket.send_frame(opcode, b" " * MAX_MESSAGE_BYTES)
        assert socket.receive()["status"] == 400
        socket.send_frame(opcode, b" " * (MAX_MESSAGE_BYTES + 1))
        assert socket.close_code() == TOO_BIG


def test_text_that_is_no_text_closes_the_socket(socket: Socket) -> None:
    """With 1007, as RFC 6455 has it."""
    socket.send_frame(TEXT, b'{"id": "\xff"}')
    assert socket.close_code() == BAD_TEXT


def test_pings_are_answered_while_a_step_runs(socket: Socket, gate: Gate) -> None:
    """However long it takes; each with what it said."""
    instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
    socket.send(id=1, op="step", instance_id=instance_id, action=1)
    gate.wait_until_entered()
    for content in (b"", b"one", b"two"):
        socket.send_frame(PING, content)
        assert socket.receive_frame() == (PONG, content)
    gate.release()
    assert socket.receive()["status"] == 200


def test_a_client_that_vanishes_leaves_its_instances_as_they_are(server: Server, gate: Gate) -> None:
    """Its step is taken to the end, and the next client goes on from there."""
    with Socket(server.url) as socket:
        instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs)
        socket.send(id=1, op="step", instance_id=instance_id, action=1)
        gate.wait_until_entered()
        socket.vanish()
    gate.release()
    with Socket(server.url) as socket:
        reply = socket.ask(id=1, op="step", instance_id=instance_id, action=0)
        assert reply["body"]["observation"] == [2]


def test_who_takes_no_replies_is_cut_off_before_they_fill_the_memory(server: Server, gate: Gate) -> None:
    """A hundred replies of 16 MB are asked for and not read; the gateway never holds more than a part of them."""
    before = psutil.Process(server.process.pid).memory_info().rss
    with Socket(server.url, receive_buffer_bytes=4096) as deaf, Socket(server.url) as socket:
        instance_id = begun(socket, "gates/Gated-v0", kwargs=gate.kwargs | LARGE)
        for number in range(100):
            deaf.send(id=number, op="step", instance_id=instance_id, actions=ACTIONS)
        while "a socket is cut off" not in server.log:
            pass
        assert peak_rss_bytes(server.process.pid) - before < 500 * MEBIBYTE
        assert socket.ask(id=1, op="kill", instance_id=instance_id)["status"] == 200


def peak_rss_bytes(pid: int) -> int:
    """The most memory that the process has ever had (proc_pid_status(5))."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def test_sockets_are_told_that_the_server_goes(tmp_path: Path, gate: Gate) -> None:
    """With 1001; one that reads nothing does not hold up the end."""
    with (
        running_server(tmp_path, *GATES) as own_server,
        Socket(own_server.url) as idle,
        Socket(own_server.url, encoding="msgpack") as other,
        Socket(own_server.url, receive_buffer_bytes=4096) as deaf,
    ):
        instance_id = begun(deaf, "gates/Gated-v0", kwargs=gate.kwargs | LARGE)
        for number in range(4):
            deaf.send(id=number, op="step", instance_id=instance_id, actions=ACTIONS)
        assert idle.ask(id=1, op="step", instance_id=instance_id, action=0)["status"] == 200
        own_server.process.send_signal(signal.SIGTERM)
        assert [socket.close_code() for socket in (idle, other)] == [GOING_AWAY, GOING_AWAY]
        assert own_server.process.wait(15) == 0


def test_a_request_that_is_no_handshake_is_refused(server: Server) -> None:
    """In the form of the API's errors."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    for sent in ({}, headers, headers | {"Sec-WebSocket-Key": "short"}, {**headers, "Sec-WebSocket-Version": "1"}):
        refused = server.http.get("/v2/ws", headers=sent)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
        assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_socket_without_a_protocol_speaks_json(server: Server) -> None:
    """As one does whose protocols are all unknown."""
    with Socket(server.url, encoding="morse") as socket:
        socket.send_frame(TEXT, json.dumps({"id": 1, "op": "describe"}).encode())
        assert json.loads(socket.receive_frame()[1])["status"] == 200
