"""`/v2` over a WebSocket: one reader for each socket, a task for each message, replies as soon as they are ready.

Messages to one instance keep their order, because its commands queue in the order in which the tasks were made; a
step that needs no task (v2_socket_steps.py) is never begun while a task might still have to queue.
"""

import asyncio
import base64
import contextlib
import logging
import math
import re
import socket
from collections.abc import Iterator, Sequence
from functools import partial

from aiohttp import WSCloseCode, WSMsgType, web

from gateway.dialects import v2_messages as said
from gateway.dialects.v2 import picture, refuse_fork
from gateway.dialects.v2_operations import Operations, encoded_document
from gateway.dialects.v2_reading import Unreadable, read_message
from gateway.dialects.v2_socket_steps import Steps, refusal
from gateway.errors import without_bugs
from gateway.leases import Lease, Leases
from gateway.open_sockets import OpenSockets
from gateway.replay import Key, was_replayed
from gateway.room import Room
from gateway.routes import Route
from gateway.security.caller import current
from gateway.supervisor import Supervisor
from gateway.wire import Wire, wire_of
from protocol.errors import BadRequest, GymServerError, InvalidField
from protocol.messages import Format

_PROTOCOLS: dict[str, Format] = {"gym-server.v2.msgpack": "msgpack", "gym-server.v2.json": "json"}
_MAX_UNANSWERED = 1024
_ENOUGH_BYTES, _MOST_BYTES = 64 * 1024 * 1024, 128 * 1024 * 1024
_SMALL_BYTES = 16 * 1024  # less than asyncio's buffer for a transport has room for
_HEARTBEAT_S = 30.0  # a peer that does not answer a ping for half of it is gone, or reads nothing
_DEFAULT_GRACE_S, _MAX_GRACE_S = 30.0, 3600.0
_LEASE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
log = logging.getLogger(__name__)


class V2Socket:
    """The handler of `/v2/ws`."""

    def __init__(self, supervisor: Supervisor, leases: Leases, artifacts_port: int, max_message_bytes: int) -> None:
        self._supervisor = supervisor
        self._leases = leases
        self._artifacts_port = artifacts_port
        self._max_size = max_message_bytes + 1  # of which aiohttp refuses a message
        self._open = OpenSockets()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (Route("GET", "/v2/ws", self.serve),)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Drive any number of instances over one socket."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise BadRequest("this is a WebSocket: connect with one of the protocols " + ", ".join(_PROTOCOLS))
        json_style = wire_of("", "", request.query.get("arrays")).writes
        lease = self._lease(request)
        socket = web.WebSocketResponse(
            protocols=tuple(_PROTOCOLS), max_msg_size=self._max_size, heartbeat=_HEARTBEAT_S, compress=False
        )
        if lease:
            socket.headers["Lease"] = lease.lease_id
        try:
            await socket.prepare(request)
            transport = request.transport
            if transport is None:
                return socket  # the client is gone already
            reads = _PROTOCOLS.get(socket.ws_protocol or "", "json")
            wire = Wire(reads, json_style if reads == "json" else "msgpack")
            url = f"{request.scheme}://{request.url.host}:{self._artifacts_port}"
            with self._open.entered(socket, transport):
                await _Conversation(self._supervisor, socket, transport, wire, lease, url).run()
        finally:
            if lease:
                self._leases.leave(lease)
        return socket

    async def close(self, _app: web.Application) -> None:
        """All sockets are told that the server goes; those that do not take it in time are cut off."""
        await self._open.close()

    def _lease(self, request: web.Request) -> Lease | None:
        lease_id = request.query.get("lease")
        if lease_id is None:
            return None
        if not _LEASE_ID.fullmatch(lease_id):
            raise InvalidField.at("$.lease", "must be 1, or 1 to 128 letters, digits, dots, dashes and underscores")
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
        self,
        supervisor: Supervisor,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        wire: Wire,
        lease: Lease | None,
        url: str,
    ) -> None:
        self._supervisor = supervisor
        self._leases = supervisor.leases
        self._operations = Operations(supervisor)
        self._socket = socket
        self._transport = transport
        self._wire = wire
        self._kind = WSMsgType.BINARY if wire.reads == "msgpack" else WSMsgType.TEXT
        self._lease = lease
        self._url = url
        self._steps = Steps(supervisor.get, wire, self._send_step)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._room = Room(_ENOUGH_BYTES, _MOST_BYTES)

    async def run(self) -> None:
        """Every message has its reply, or the socket is gone; commands that still run then run to their end."""
        caller = current.get()
        async for message in self._socket:
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                continue
            if len(self._tasks) + self._steps.running >= _MAX_UNANSWERED:
                text = f"{_MAX_UNANSWERED} messages wait for their replies".encode()
                await self._socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=text)
                return
            data = message.data.encode() if isinstance(message.data, str) else message.data
            read = read_message(data if message.type is self._kind else b"", self._wire)
            if caller and (refusal := caller.one_more()):
                read = Unreadable(read.id, refusal)
            self._room.take(len(data))
            if self._tasks or not isinstance(read, said.Step) or not self._steps.begin(read, len(data)):
                self._begin(read, len(data))
            if isinstance(read, said.StepMany | said.ResetMany):
                await asyncio.sleep(0)  # its parts shall stand in their queues before the next message does
            await self._room.wait()

    def _begin(self, message: said.AnyMessage | Unreadable, size: int) -> None:
        task = asyncio.ensure_future(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, size))

    def _end(self, size: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.give(size)

    async def _answer(self, message: said.AnyMessage | Unreadable) -> None:
        await self._send(await self._reply(message))

    async def _reply(self, message: said.AnyMessage | Unreadable) -> bytes:
        wire = self._wire
        reply = {"id": bytes(message.id)}
        try:
            if isinstance(message, Unreadable):
                raise message.error
            status, body = await without_bugs(self._operate(message), type(message).__name__)
            reply |= {"status": wire.encode(status), "body": body}
            if was_replayed.get():
                reply["replayed"] = wire.boolean(True)
        except GymServerError as error:
            return refusal(bytes(message.id), error, wire)
        return wire.object(reply)

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
                if self._lease:
                    self._lease.instance_ids.discard(message.instance_id)
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
            self._leases.add(self._lease, [instance.instance_id for instance in instances])
        return 201, body

    def _send_step(self, reply: bytes, size: int) -> None:
        """As `_send`, but without a task where the system takes the reply at once; of a message of that size."""
        self._room.give(size)
        if self._room.is_overfull or len(reply) > _SMALL_BYTES or self._transport.get_write_buffer_size():
            task = asyncio.ensure_future(self._send(reply))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
            return
        sending = self._socket.send_frame(reply, self._kind)
        try:
            sending.send(None)  # it writes, and then would wait for those that take their time
        except StopIteration:
            return
        except (ConnectionError, RuntimeError):
            log.debug("a socket was gone before its reply")
        sending.close()

    async def _send(self, reply: bytes) -> None:
        """The reply is on its way; who is slow to take replies is not listened to, who is far behind is cut off."""
        if self._room.is_overfull:
            log.warning("a socket is cut off: it does not take its replies")
            self._transport.abort()
            return
        self._room.take(len(reply))
        try:
            with self._in_one_piece(reply):
                await self._socket.send_frame(reply, self._kind)
        except (ConnectionError, RuntimeError):
            log.debug("a socket was gone before its reply")
        finally:
            self._room.give(len(reply))

    @contextlib.contextmanager
    def _in_one_piece(self, reply: bytes) -> Iterator[None]:
        """aiohttp writes the head of a large frame by itself; the client shall not be woken for that alone (tcp(7))."""
        connection = self._transport.get_extra_info("socket") if len(reply) > _SMALL_BYTES else None
        if connection is None:
            yield
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # it is gone
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def _key(text: str | None) -> Key | None:
    return None if text is None else Key(text)
