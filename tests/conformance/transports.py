"""The ways to the server: HTTP and a WebSocket, each in the encodings that it has, behind one method."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any, Protocol, get_args

import aiohttp

from tests.conformance.client import Encoding, pack, unpack

_MEDIA_TYPES: dict[Encoding, str] = {
    "json": "application/json", "base64": "application/json", "msgpack": "application/msgpack",
}  # fmt: skip
_PATHS = {
    "create": "/v2/envs",
    "reset": "/v2/envs/{instance_id}/reset",
    "step": "/v2/envs/{instance_id}/step",
    "reset_many": "/v2/reset",
    "step_many": "/v2/step",
    "sample": "/v2/envs/{instance_id}/{space}/sample",
}
_MAX_BYTES = 64 * 1024 * 1024
_CREATED = 201


class Transport(Protocol):
    """One way to the server."""

    encoding: Encoding

    async def call(self, op: str, **fields: Any) -> Any:
        """The body of the answer to an operation of the contract that succeeds, arrays in it as NumPy's."""
        ...


class OverHttp:
    """A request for each operation. Implements `Transport`."""

    def __init__(self, session: aiohttp.ClientSession, encoding: Encoding) -> None:
        self.encoding = encoding
        self._session = session
        media_type = _MEDIA_TYPES[encoding]
        self._headers = {"Content-Type": media_type, "Accept": media_type}
        self._query = {"arrays": "base64"} if encoding == "base64" else {}

    async def call(self, op: str, **fields: Any) -> Any:
        path = _PATHS[op].format_map(fields)
        body = pack({name: value for name, value in fields.items() if f"{{{name}}}" not in _PATHS[op]}, self.encoding)
        async with self._session.post(path, data=body, headers=self._headers, params=self._query) as reply:
            content = await reply.read()
            assert reply.status == (_CREATED if op == "create" else 200), content
            assert reply.content_type == self._headers["Accept"]
            return unpack(content, self.encoding)


class OverSocket:
    """A message for each operation. Implements `Transport`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, encoding: Encoding) -> None:
        self.encoding = encoding
        self._socket = socket
        self._ids = itertools.count()

    async def call(self, op: str, **fields: Any) -> Any:
        message_id = next(self._ids)
        message = pack({"id": message_id, "op": op, **fields}, self.encoding)
        await (
            self._socket.send_bytes(message) if self.encoding == "msgpack" else self._socket.send_str(message.decode())
        )
        reply = unpack((await self._socket.receive()).data, self.encoding)
        assert reply["id"] == message_id
        assert reply["status"] == (_CREATED if op == "create" else 200), reply
        return reply["body"]


TRANSPORTS = ("http-json", "http-base64", "http-msgpack", "socket-json", "socket-msgpack")


@contextlib.asynccontextmanager
async def connected(url: str, transport: str) -> AsyncIterator[Transport]:
    """One of `TRANSPORTS`, connected to the server."""
    way, _, name = transport.partition("-")
    encoding: Encoding = next(known for known in get_args(Encoding) if known == name)
    async with aiohttp.ClientSession(url) as session:
        if way == "http":
            yield OverHttp(session, encoding)
            return
        subprotocol = f"gym-server.v2.{'msgpack' if encoding == 'msgpack' else 'json'}"
        query = {"arrays": "base64"} if encoding == "base64" else {}
        async with session.ws_connect(
            "/v2/ws", protocols=[subprotocol], params=query, max_msg_size=_MAX_BYTES
        ) as socket:
            assert socket.protocol == subprotocol
            yield OverSocket(socket, encoding)
