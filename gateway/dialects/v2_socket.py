"""`/v2` over a WebSocket: one reader for each socket, a task for each message, replies as soon as they are ready.

Messages to one instance keep their order, because its commands queue in the order in which the tasks were made.
"""

import asyncio
import base64
import logging
import math
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Raw

from gateway.body import invalid
from gateway.dialects import v2_messages as said
from gateway.dialects.v2 import picture, refuse_fork
from gateway.dialects.v2_operations import Operations, encoded_document
from gateway.errors import STATUS, problem, without_bugs
from gateway.leases import Lease, Leases
from gateway.replay import Key, was_replayed
from gateway.routes import Route
from gateway.supervisor import Supervisor
from gateway.wire import Wire
from protocol.errors import BadRequest, GymServerError, InternalError, InvalidField
from protocol.messages import Format

_PROTOCOLS: dict[str, Format] = {"gym-server.v2.msgpack": "msgpack", "gym-server.v2.json": "json"}
_MAX_UNANSWERED = 1024
_MAX_UNSENT_BYTES = 64 * 1024 * 1024
_HEARTBEAT_S = 30.0  # a peer that does not answer a ping for half of it is gone, or reads nothing
_DEFAULT_GRACE_S, _MAX_GRACE_S = 30.0, 3600.0
log = logging.getLogger(__name__)


class V2Socket:
    """The handler of `/v2/ws`."""

    def __init__(self, supervisor: Supervisor, leases: Leases, artifacts_port: int, max_message_bytes: int) -> None:
        self._supervisor = supervisor
        self._leases = leases
        self._artifacts_port = artifacts_port
        self._max_message_bytes = max_message_bytes
        self._open: set[web.WebSocketResponse] = set()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (Route("GET", "/v2/ws", self.serve),)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Drive any number of instances over one socket."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise BadRequest("this is a WebSocket: connect with one of the protocols " + ", ".join(_PROTOCOLS))
        lease = self._lease(request)
        socket = web.WebSocketResponse(
            protocols=tuple(_PROTOCOLS), max_msg_size=self._max_message_bytes, heartbeat=_HEARTBEAT_S, compress=False
        )
        if lease:
            socket.headers["Lease"] = lease.lease_id
        self._open.add(socket)
        try:
            await socket.prepare(request)
            reads = _PROTOCOLS.get(socket.ws_protocol or "", "json")
            style = "json_base64" if request.query.get("arrays") == "base64" and reads == "json" else reads
            url = f"{request.scheme}://{request.url.host}:{self._artifacts_port}"
            await _Conversation(self._supervisor, socket, Wire(reads, style), lease, url).run()
        finally:
            self._open.discard(socket)
            if lease:
                self._leases.leave(lease)
        return socket

    async def close(self, _app: web.Application) -> None:
        """All sockets are told that the server goes."""
        await asyncio.gather(*(s.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down") for s in self._open))

    def _lease(self, request: web.Request) -> Lease | None:
        lease_id = request.query.get("lease")
        if not lease_id:
            return None
        try:
            grace_s = float(request.query.get("lease_grace_s", _DEFAULT_GRACE_S))
        except ValueError:
            grace_s = math.nan
        if not 0 <= grace_s <= _MAX_GRACE_S:
            raise InvalidField.at("$.lease_grace_s", f"must be seconds, 0 to {_MAX_GRACE_S:.0f}")
        return self._leases.take(None if lease_id == "1" else lease_id, grace_s)


class _Conversation:
    """One socket, from the first message to the last reply."""

    def __init__(
        self, supervisor: Supervisor, socket: web.WebSocketResponse, wire: Wire, lease: Lease | None, url: str
    ) -> None:
        self._supervisor = supervisor
        self._operations = Operations(supervisor)
        self._socket = socket
        self._wire = wire
        self._lease = lease
        self._url = url
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsent_bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def run(self) -> None:
        """Every message has its reply, or the socket is gone; commands that still run then run to their end."""
        wanted = WSMsgType.BINARY if self._wire.reads == "msgpack" else WSMsgType.TEXT
        async for message in self._socket:
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                continue
            if len(self._tasks) >= _MAX_UNANSWERED:
                text = f"{_MAX_UNANSWERED} messages wait for their replies".encode()
                await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=text)
                return
            data = message.data.encode() if isinstance(message.data, str) else message.data
            self._begin(data if message.type is wanted else b"")
            if not self._has_room.is_set():
                await self._has_room.wait()

    def _begin(self, data: bytes) -> None:
        task = asyncio.ensure_future(self._answer(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes) -> None:
        wire, reply_id, path = self._wire, wire_null(self._wire), "/v2/ws"
        try:
            message = self._read(data)
            reply_id = bytes(message.id)
            status, body = await without_bugs(self._operate(message), type(message).__name__)
            reply = {"id": reply_id, "status": wire.encode(status), "body": body}
            if was_replayed.get():
                reply["replayed"] = wire.boolean(True)
        except GymServerError as error:
            if reply_id == wire_null(wire):
                reply_id = self._id_of(data)
            status = STATUS.get(type(error), STATUS[InternalError])
            reply = {"id": reply_id, "status": wire.encode(status.value)}
            reply["problem"] = wire.encode(problem(error, status, path))
        await self._send(wire.object(reply))

    async def _operate(self, message: said.AnyMessage) -> tuple[int, bytes]:  # noqa: PLR0911 - one line an operation
        operations, wire, find = self._operations, self._wire, self._supervisor.get
        match message:
            case said.Step():
                instance, key = find(message.instance_id), _key(message.idempotency_key)
                return 200, await operations.step(instance, message, wire, key, self._url)
            case said.Reset():
                instance, key = find(message.instance_id), _key(message.idempotency_key)
                return 200, await operations.reset(instance, message, wire, key, self._url)
            case said.StepMany():
                return 200, await operations.step_many(message, wire, _key(message.idempotency_key))
            case said.ResetMany():
                return 200, await operations.reset_many(message, wire, _key(message.idempotency_key))
            case said.Create():
                return await self._create(message)
            case said.Sample():
                instance, key = find(message.instance_id), _key(message.idempotency_key)
                return 200, await operations.sample(instance, message.space, message, wire, key)
            case said.Fork():
                raise refuse_fork()
        return await self._look_after(message)

    async def _look_after(self, message: said.Close | said.Kill | said.Render | said.Describe) -> tuple[int, bytes]:
        wire, find = self._wire, self._supervisor.get
        match message:
            case said.Close():
                await self._supervisor.close(message.instance_id)
                return 204, wire.encode(None)
            case said.Kill():
                key = _key(message.idempotency_key)
                return 200, await self._operations.kill(find(message.instance_id), wire, key)
            case said.Render():
                media_type, content = await picture(find(message.instance_id), message.kind)
                data = content if wire.writes == "msgpack" else base64.b64encode(content).decode()
                return 200, wire.encode({"media_type": media_type, "data": data})
            case said.Describe(instance_id=None):
                lease = self._lease
                return 200, wire.encode(
                    {"lease": lease.lease_id if lease else None, "lease_grace_s": lease.grace_s if lease else None}
                )
            case said.Describe():
                return 200, encoded_document(find(str(message.instance_id)), wire)

    async def _create(self, message: said.Create) -> tuple[int, bytes]:
        body, instances = await self._operations.create(message, self._wire, _key(message.idempotency_key))
        if self._lease:
            self._lease.instance_ids.update(instance.instance_id for instance in instances)
        return 201, body

    def _read(self, data: bytes) -> Any:
        if not data:
            kind = "binary" if self._wire.reads == "msgpack" else "text"
            raise BadRequest(f"this socket speaks {self._wire.reads}: send {kind} messages")
        try:
            return said.decoders[self._wire.reads].decode(data)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadRequest(f"the message is not {self._wire.reads}: {error}") from error

    def _id_of(self, data: bytes) -> bytes:
        decode = msgspec.msgpack.decode if self._wire.reads == "msgpack" else msgspec.json.decode
        try:
            found: Raw = decode(data, type=said.Envelope).id
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return wire_null(self._wire)
        return bytes(found) or wire_null(self._wire)

    async def _send(self, reply: bytes) -> None:
        """The reply is on its way; while too much of it waits for a slow reader, no message is read."""
        self._unsent_bytes += len(reply)
        if self._unsent_bytes > _MAX_UNSENT_BYTES:
            self._has_room.clear()
        try:
            if self._wire.reads == "msgpack":
                await self._socket.send_bytes(reply)
            else:
                await self._socket.send_str(reply.decode())
        except (ConnectionError, RuntimeError):
            log.debug("a socket was gone before its reply")
        finally:
            self._unsent_bytes -= len(reply)
            if self._unsent_bytes <= _MAX_UNSENT_BYTES:
                self._has_room.set()


def _key(text: str | None) -> Key | None:
    return None if text is None else Key(text)


def wire_null(wire: Wire) -> bytes:
    """What stands for nothing."""
    return wire.encode(None)
