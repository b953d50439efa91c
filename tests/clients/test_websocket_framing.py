"""However a server's bytes arrive, the same messages come out, and it reads what the client writes."""

import random
from collections.abc import Sequence

import pytest
from gym_server_client.framing import Framing
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

SUBPROTOCOL = Subprotocol("gym-server.v2.msgpack")
MESSAGES = [random.Random(length).randbytes(length) for length in (0, 1, 125, 126, 65_535, 65_536, 200_000)]


def handshake(client: Framing) -> tuple[ServerProtocol, bytes]:
    """A server that has accepted the client, and what it answered."""
    server = ServerProtocol(subprotocols=[SUBPROTOCOL], max_size=None)
    server.receive_data(b"".join(client.outgoing()))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    server.send_response(server.accept(request))
    return server, b"".join(server.data_to_send())


def connected() -> tuple[Framing, ServerProtocol]:
    """Both ends of a connection."""
    client = Framing("ws://localhost/v2/ws", {})
    server, answer = handshake(client)
    assert not list(client.read(answer))
    assert client.is_open
    return client, server


def in_pieces(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The data, cut into these sizes and what remains."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


@given(sizes=st.lists(st.integers(1, 80_000), max_size=12), is_early=st.booleans())
def test_messages_come_out_whole_however_they_arrive(sizes: list[int], is_early: bool) -> None:
    """Short and long ones, also in the same packet as the end of the handshake."""
    client = Framing("ws://localhost/v2/ws", {})
    server, answer = handshake(client)
    for message in MESSAGES:
        server.send_binary(message)
    stream = b"".join(server.data_to_send())
    pieces = in_pieces(answer + stream, sizes) if is_early else [answer, *in_pieces(stream, sizes)]
    assert [bytes(message) for piece in pieces for message in client.read(piece)] == MESSAGES
    assert client.missing == 0


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_a_message_may_come_in_parts_with_a_ping_between_them(size: int) -> None:
    """RFC 6455, 5.4: it is one message, and the ping is answered."""
    client, server = connected()
    server.send_binary(b"one, ", fin=False)
    server.send_ping(b"there?")
    server.send_continuation(b"two", fin=True)
    server.send_binary(b"three")
    stream = b"".join(server.data_to_send())
    pieces = in_pieces(stream, [size] * (len(stream) // size))
    assert [bytes(message) for piece in pieces for message in client.read(piece)] == [b"one, two", b"three"]
    server.receive_data(b"".join(client.outgoing()))
    (pong,) = server.events_received()
    assert isinstance(pong, Frame)
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"there?")


@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_a_server_reads_what_the_client_writes(message: bytes) -> None:
    """In one frame, and masked: a server refuses what is not."""
    client, server = connected()
    server.receive_data(client.written(message))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.BINARY, True, message)


def test_no_two_frames_have_the_same_mask() -> None:
    """RFC 6455, 5.3: nobody can know it before."""
    client, _ = connected()
    masks = [client.written(b"")[2:6] for _ in range(3000)]
    assert len(set(masks)) > len(masks) - 10  # by chance two may be the same


def test_what_the_client_knows_to_be_missing_is_asked_for_at_once() -> None:
    """A picture comes in as few pieces as the system has it in."""
    client, server = connected()
    server.send_binary(bytes(200_000))
    stream = b"".join(server.data_to_send())
    assert not list(client.read(stream[:1000]))
    assert client.missing == len(stream) - 1000
    assert not list(client.read(stream[1000:5000]))
    assert client.missing == len(stream) - 5000


def test_a_masked_frame_ends_the_connection() -> None:
    """RFC 6455, 5.1: no server may send one; it is told so."""
    client, server = connected()
    assert not list(client.read(client.written(b"a client's")))
    assert not client.is_open
    server.receive_data(b"".join(client.outgoing()))
    assert server.close_rcvd
    assert server.close_rcvd.code == 1002


def test_a_close_is_answered() -> None:
    """What came before it is still a message."""
    client, server = connected()
    server.send_binary(b"last")
    server.send_close(1001, "going")
    assert [bytes(message) for message in client.read(b"".join(server.data_to_send()))] == [b"last"]
    assert client.is_over
    server.receive_data(b"".join(client.outgoing()))
    assert server.state is State.CLOSING or server.state is State.CLOSED
