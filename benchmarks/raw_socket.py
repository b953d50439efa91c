"""A WebSocket with next to nothing between the clock and the socket: what is left is the server's own time."""

import base64
import json
import os
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import msgpack

Encoding = Literal["json", "msgpack"]

_OPCODES: dict[Encoding, int] = {"json": 0x81, "msgpack": 0x82}
_PONG = b"\x8a"
_UNMASKED = bytes(4)  # a mask of zeros is a mask, and spares the work (RFC 6455, 5.3)
_SHORT, _IN_TWO_BYTES = 126, 1 << 16
_START_BYTES = 40
_ROOM_BYTES = 1 << 20


class RawSocket:
    """One connection that sends messages made beforehand, and reads of a reply only where it ends."""

    def __init__(self, url: str, encoding: Encoding = "msgpack") -> None:
        self._encoding = encoding
        self._room = memoryview(bytearray(_ROOM_BYTES))
        self._frames: Sequence[bytes] = ()
        self._socket = _opened(url, encoding)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._socket.close()

    def create(self, env_id: str, count: int = 1) -> list[str]:
        """The ids of new instances in their first episode, which begin another by themselves.

        Raises:
            RuntimeError: the server will not have it.
        """
        fields = {"env_id": env_id, "autoreset": "next_step", "count": count}
        ids = [made["instance_id"] for made in self.call(op="create", **fields)["instances"]]
        self.call(op="reset_many", instance_ids=ids)
        return ids

    def call(self, **message: Any) -> Any:
        """The body of the reply.

        Raises:
            RuntimeError: it is a problem.
        """
        self._socket.sendall(self._frame(message))
        content = bytes(self._content())
        reply = json.loads(content) if self._encoding == "json" else msgpack.unpackb(content)
        if "problem" in reply:
            raise RuntimeError(str(reply["problem"]))
        return reply.get("body")

    def prepare(self, *messages: dict[str, Any]) -> None:
        """These are what is sent, over and over."""
        self._frames = [self._frame(message) for message in messages]

    def fileno(self) -> int:
        """For those who wait for several."""
        return self._socket.fileno()

    def send(self, number: int) -> None:
        """The next of the prepared messages is on its way."""
        self._socket.sendall(self._frames[number % len(self._frames)])

    def receive(self) -> None:
        """The reply has come whole.

        Raises:
            RuntimeError: it is a problem.
        """
        content = self._content()
        if b"problem" in bytes(content[:_START_BYTES]):
            raise RuntimeError(str(bytes(content)))

    def ask(self, number: int) -> None:
        """One message and its reply."""
        self.send(number)
        self.receive()

    def _frame(self, message: dict[str, Any]) -> bytes:
        named = {"id": 0, **message}
        content = json.dumps(named).encode() if self._encoding == "json" else msgpack.packb(named)
        size = len(content)
        if size < _SHORT:
            length = bytes([0x80 | size])
        elif size < _IN_TWO_BYTES:
            length = bytes([0x80 | 126]) + size.to_bytes(2)
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8)
        return bytes([_OPCODES[self._encoding]]) + length + _UNMASKED + content

    def _content(self) -> memoryview:
        """The content of the one frame that comes; pings that came while nobody looked are answered."""
        filled = 0
        while True:
            start, end = _ends(self._room[:filled])
            if filled < end or not end:
                filled += self._received(filled)
            elif self._room[0] == _OPCODES[self._encoding]:
                return self._room[start:end]
            else:
                self._socket.sendall(_PONG + bytes([0x80 | (end - start)]) + _UNMASKED + bytes(self._room[start:end]))
                self._room[: filled - end] = bytes(self._room[end:filled])
                filled -= end

    def _received(self, filled: int) -> int:
        size = self._socket.recv_into(self._room[filled:])
        if not size:
            raise RuntimeError("the server has closed the connection")
        return size


def _ends(data: memoryview) -> tuple[int, int]:
    """Where the content of the frame begins and ends; zeros, if that cannot be told yet."""
    if len(data) < 2:
        return 0, 0
    size = data[1]
    if size < _SHORT:
        return 2, 2 + size
    start = 4 if size == _SHORT else 10
    return (start, start + int.from_bytes(data[2:start])) if len(data) >= start else (0, 0)


def _opened(url: str, encoding: Encoding) -> socket.socket:
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname or "", address.port or 80), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        "GET /v2/ws HTTP/1.1",
        f"Host: {address.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: gym-server.v2.{encoding}",
    )
    connection.sendall("\r\n".join((*lines, "", "")).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise RuntimeError(answer.decode())
    return connection
