"""The pictures of an instance as they are drawn, one after the other in a response that does not end.

`multipart/x-mixed-replace` is what a bare `<img>` shows as a moving picture, and with JPEG in every part (MJPEG) also
what video players and OpenCV read. A part is the file `latest.jpg` as it lies on disk, so a viewer costs no drawing and
no encoding here. Pictures are never queued: a reader that has not taken the last one gets none until it has, and then
the newest.
"""

import asyncio
import contextlib
import os
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from gateway.artifacts.instances import Instances
from gateway.artifacts.listing import FOR_VIEWERS, PICTURES, Picture, newest_picture
from gateway.artifacts.media import media_type
from gateway.artifacts.paths import open_beneath
from protocol.errors import LimitReached, NotFound, ShuttingDown

MAX_VIEWERS = 16
"""Viewers of one instance at once."""

_INTERVAL_S = 0.1
_STALLED_S = 10.0
_GONE_S = 30
_MAX_PICTURE_BYTES = 32 * 1024 * 1024
_BOUNDARY = "picture"
_DRAWN = frozenset({"ready", "busy"})
_TYPE = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"

_Version = tuple[int, int]  # as `Picture.version`

_SOCKET_OPTIONS = (
    # A peer that vanished without a word is noticed, though nothing may be sent to it for hours (tcp(7)).
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _GONE_S // 3),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _GONE_S // 3),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_S * 1000),
    # Otherwise the kernel alone would hold megabytes of old pictures for a slow line.
    (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 16 * 1024),
)


class LiveViews:
    """All viewers of all instances."""

    def __init__(self, root: Path, instances: Instances) -> None:
        self._root = root
        self._instances = instances
        self._viewers: Counter[str] = Counter()
        self._is_ending = asyncio.Event()

    def end(self) -> None:
        """No view is left within a tenth of a second, and none can be opened."""
        self._is_ending.set()

    async def show(self, request: web.Request, instance_id: str) -> web.StreamResponse:
        """The viewer has seen what it had time for, until it left, the instance was closed or the server ended.

        Raises:
            LimitReached: the instance has as many viewers as it may.
            NotFound: it runs no more, and has left no picture.
            ShuttingDown: the server is ending.
        """
        if self._is_ending.is_set():
            raise ShuttingDown("the server is shutting down")
        if self._instances.state(instance_id) is None and newest_picture(self._root, instance_id) is None:
            raise NotFound(f"instance {instance_id} runs no more, and has left no picture")
        headers = {"Content-Type": _TYPE, "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        with self._as_viewer(instance_id):
            response.force_close()
            await response.prepare(request)
            with contextlib.suppress(ConnectionResetError):  # the viewer left
                await self._stream(request, response, instance_id)
        return response

    @contextlib.contextmanager
    def _as_viewer(self, instance_id: str) -> Iterator[None]:
        if self._viewers[instance_id] >= MAX_VIEWERS:
            raise LimitReached(f"instance {instance_id} has {MAX_VIEWERS} viewers already, which is the limit")
        self._viewers[instance_id] += 1
        self._instances.watch(instance_id)
        try:
            yield
        finally:
            self._instances.unwatch(instance_id)
            self._viewers[instance_id] -= 1
            if not self._viewers[instance_id]:
                del self._viewers[instance_id]

    async def _stream(self, request: web.Request, response: web.StreamResponse, instance_id: str) -> None:
        transport = request.transport
        if transport is None:
            return
        _prepare(transport)
        await response.write(f"--{_BOUNDARY}\r\n".encode())
        pictures = _Pictures(self._root, instance_id)
        clock = asyncio.get_running_loop().time
        taken_at = clock()
        while not (transport.is_closing() or self._is_ending.is_set() or clock() - taken_at > _STALLED_S):
            state = self._instances.state(instance_id)
            if transport.get_write_buffer_size() == 0:
                taken_at = clock()
                part = await pictures.next_part(is_drawn=state in _DRAWN)
                if state is None and not part:
                    return
                await response.write(part)
            await self._pause()
        if transport.get_write_buffer_size():
            transport.abort()

    async def _pause(self) -> None:
        """The next moment to look for a picture has come, or the server is ending."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_INTERVAL_S):
                await self._is_ending.wait()


class _Pictures:
    """The pictures of one instance for one viewer, as parts of its response.

    Each part ends with the boundary of the next, so that its end is known at once. Chromium shows a part only
    when the next one begins, all the same: a picture that no newer one follows is sent twice.
    """

    def __init__(self, root: Path, instance_id: str) -> None:
        self._root = root
        self._instance_id = instance_id
        self._sent: _Version | None = None
        self._is_repeated = False

    async def next_part(self, *, is_drawn: bool) -> bytes:
        """The part to be sent now; empty where the viewer has the picture of now.

        While the instance is drawn for its viewers, that is a JPEG. If it was never looked at, and is drawn no more,
        a PNG that a client has asked for may be all there is.
        """
        names = (FOR_VIEWERS,) if is_drawn else PICTURES
        found = newest_picture(self._root, self._instance_id, names)
        if found is None or (self._is_repeated and found.version == self._sent):
            return b""
        try:
            picture, version = await asyncio.to_thread(_read, self._root, self._instance_id, found.name)
        except NotFound:
            return b""
        self._is_repeated = version == self._sent
        self._sent = version
        kind = media_type((self._instance_id, "rendered", found.name))
        head = f"Content-Type: {kind}\r\nContent-Length: {len(picture)}\r\n\r\n"
        return head.encode() + picture + f"\r\n--{_BOUNDARY}\r\n".encode()


def _prepare(transport: asyncio.Transport) -> None:
    """A write returns at once, and what it leaves in the buffer is at most one picture."""
    transport.set_write_buffer_limits(high=2 * _MAX_PICTURE_BYTES)
    for level, option, value in _SOCKET_OPTIONS:
        with contextlib.suppress(OSError):  # a kernel without one of them serves the pictures all the same
            transport.get_extra_info("socket").setsockopt(level, option, value)


def _read(root: Path, instance_id: str, name: str) -> tuple[bytes, _Version]:
    """The bytes of a picture and their version; blocks.

    Raises:
        NotFound: there is none, or it is too large.
    """
    fd = open_beneath(root, (instance_id, "rendered", name))
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_PICTURE_BYTES:
            raise NotFound("there is no picture that can be shown")
        return os.read(fd, found.st_size), Picture(name, found).version
    finally:
        os.close(fd)
