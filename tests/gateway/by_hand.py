"""HTTP and WebSockets by hand, for what no client library would do: hang up anywhere, read nothing, send anything."""

import base64
import contextlib
import json
import os
import select
import socket
import struct
from typing import Any, Self
from urllib.parse import urlsplit

import msgpack

WAIT_S = 20.0
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER without a time: closing sends RST (socket(7))


class Connection:
    """A TCP connection to a server."""

    def __init__(self, url: str, *, receive_buffer_bytes: int | None = None) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self.socket = socket.socket()
        self.socket.settimeout(WAIT_S)
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.connect((address.hostname, address.port))
        self._host = address.netloc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.socket.close()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """The request is written; names of headers with underscores for dashes."""
        fields = {"Host": self._host, "Content_Length": str(len(body))} | headers
        lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def response(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their names in lower case, and body of the next response."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        first, *lines = head.decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split()[1]), headers, self._read(int(headers.get("content-length", 0)))

    def wait_until_readable(self) -> None:
        """The server has answered, or hung up; nothing is read."""
        assert select.select([self.socket], [], [], WAIT_S)[0]

    def vanish(self) -> None:
        """The connection is reset, whatever is on its way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.socket.close()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError(f"the server hung up after {len(data)} of {size} bytes")
            data += more
        return data


class Socket(Connection):
    """A WebSocket to `/v2/ws` (RFC 6455)."""

    def __init__(
        self, url: str, query: str = "", *, encoding: str = "json", receive_buffer_bytes: int | None = None
    ) -> None:
        super().__init__(url, receive_buffer_bytes=receive_buffer_bytes)
        self._is_json = encoding == "json"
        self.request(
            "GET",
            f"/v2/ws{query}",
            Upgrade="websocket",
            Connection="Upgrade",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key=base64.b64encode(os.urandom(16)).decode(),
            Sec_WebSocket_Protocol=f"gym-server.v2.{encoding}",
        )
        status, self.headers, content = self.response()
        assert status == 101, content

    def __exit__(self, *_exc: object) -> None:
        with contextlib.suppress(OSError):
            self.send_frame(CLOSE, struct.pack(">H", 1000))
        super().__exit__()

    def ask(self, **message: Any) -> Any:
        """The reply to a message, with nothing else on its way."""
        self.send(**message)
        return self.receive()

    def send(self, **message: Any) -> None:
        """The message is written."""
        self.send_together(message)

    def send_together(self, *messages: dict[str, Any]) -> None:
        """The messages are written in one piece."""
        self.socket.sendall(b"".join(map(self._frame_of, messages)))

    def _frame_of(self, message: dict[str, Any]) -> bytes:
        return _frame(TEXT, json.dumps(message).encode()) if self._is_json else _frame(BINARY, msgpack.packb(message))

    def send_frame(self, opcode: int, payload: bytes) -> None:
        """A whole frame is written."""
        self.socket.sendall(_frame(opcode, payload))

    def receive(self) -> Any:
        """The next message; pings before it are left unanswered."""
        opcode, payload = self.receive_frame()
        while opcode == PING:
            opcode, payload = self.receive_frame()
        assert opcode == (TEXT if self._is_json else BINARY), (opcode, payload)
        return json.loads(payload) if self._is_json else msgpack.unpackb(payload)

    def receive_frame(self) -> tuple[int, bytes]:
        """Opcode and content of the next frame."""
        first, second = self._read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._read(8))
        return first & 0x0F, self._read(size)

    def close_code(self) -> int:
        """Why the server closes the socket, whatever it sends before."""
        opcode, payload = self.receive_frame()
        while opcode != CLOSE:
            opcode, payload = self.receive_frame()
        with contextlib.suppress(ConnectionError):  # where it has not read all that came, it hangs up at once
            self.send_frame(CLOSE, payload[:2])
        return int.from_bytes(payload[:2], "big")


def _frame(opcode: int, payload: bytes) -> bytes:
    """A frame of its own, masked with zeros, as the RFC lets a client do."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 2**16:
        head += bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", size)
    return head + bytes(4) + payload
