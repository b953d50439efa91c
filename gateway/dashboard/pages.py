"""The routes of the dashboard: its page, its feed, its pictures; and the page to play on."""

import asyncio
import contextlib
import os
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.artifacts.listing import newest_picture
from gateway.artifacts.media import media_type
from gateway.artifacts.paths import INSTANCE_ID, open_beneath
from gateway.dashboard.feed import Feed, Viewer
from gateway.dashboard.glimpses import Glimpses
from gateway.instance import Instance
from gateway.open_sockets import OpenSockets
from gateway.routes import Route
from gateway.security.caller import current
from gateway.static import PAGES, page
from gateway.supervisor import Supervisor
from protocol.errors import BadRequest, InstanceGone, LimitReached, NotFound, UnknownInstance

MAX_VIEWERS = 64
"""Dashboards open at once."""

_HEARTBEAT_S = 30.0
_MAX_MESSAGE_BYTES = 64 * 1024
_MAX_VISIBLE = 256
_MAX_PICTURE_BYTES = 4 * 1024 * 1024


_Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}$")]


class _Looking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page tells: the ids of the rows that are on the screen."""

    visible: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}$")], ...], msgspec.Meta(max_length=_MAX_VISIBLE)
    ]


class Dashboard:
    """The handlers."""

    def __init__(self, supervisor: Supervisor, data_dir: Path, artifacts_port: int) -> None:
        self._supervisor = supervisor
        self._root = data_dir
        self._glimpses = Glimpses(data_dir, partial(_find, supervisor))
        self._artifacts_port = artifacts_port
        self._feeds: dict[str | None, Feed] = {}  # by the holder of a token who sees not everything
        self._open = OpenSockets()
        self._pages = {name: (PAGES / f"{name}.html").read_bytes() for name in ("dashboard", "play")}

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/dashboard", self.dashboard),
            Route("GET", "/dashboard/feed", self.feed),
            Route("GET", f"/dashboard/pictures/{{instance_id:{INSTANCE_ID.pattern}}}", self.picture),
            Route("GET", "/play", self.play),
        )

    async def dashboard(self, _request: web.Request) -> web.Response:
        """The page."""
        return page(self._pages["dashboard"])

    async def play(self, _request: web.Request) -> web.Response:
        """The page on which a person drives an instance; its script reads the instance from the query."""
        return page(self._pages["play"])

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """All rows, then what changes in them, over a WebSocket, until the page is closed.

        Raises:
            BadRequest: this is no WebSocket.
            LimitReached: as many look as may.
        """
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise BadRequest("this is a WebSocket, for the dashboard")
        if len(self._open) >= MAX_VIEWERS:
            raise LimitReached(f"{MAX_VIEWERS} dashboards are open already, which is the limit")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_MAX_MESSAGE_BYTES, compress=False)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket  # the viewer is gone already
        feed = self._feed()
        with self._open.entered(socket, transport):
            viewer = feed.enter()
            showing = asyncio.create_task(_show(feed, socket))
            try:
                await _listen(socket, viewer)
            finally:
                feed.leave(viewer)
                showing.cancel()
                await asyncio.wait([showing])
        return socket

    async def picture(self, request: web.Request) -> web.Response:
        """The last picture that was drawn of an instance; nothing is drawn for this.

        Raises:
            NotFound: there is none.
        """
        instance = self._supervisor.get(request.match_info["instance_id"])
        content, name = await asyncio.to_thread(_read, self._root, instance.instance_id)
        kind = media_type((instance.instance_id, "rendered", name))
        # A page asks with the picture's version, so what it has once is never asked for again.
        return web.Response(body=content, content_type=kind, headers={"Cache-Control": "private, max-age=3600"})

    async def close(self, _app: web.Application) -> None:
        """All pages are told that the server goes."""
        await self._open.close()

    def _feed(self) -> Feed:
        """What whoever is asking may see."""
        caller = current.get()
        name = None if caller is None or caller.sees is None else caller.name
        if name not in self._feeds:
            self._feeds[name] = Feed(self._supervisor.__iter__, self._glimpses, self._artifacts_port)
        return self._feeds[name]


async def _show(feed: Feed, socket: web.WebSocketResponse) -> None:
    """Everything is sent that the viewer takes in time."""
    version = 0
    with contextlib.suppress(ConnectionError, RuntimeError):  # the viewer has left
        while True:
            version, message = await feed.after(version)
            await socket.send_str(message)


def _find(supervisor: Supervisor, instance_id: str) -> Instance | None:
    try:
        return supervisor.get(instance_id)
    except (InstanceGone, UnknownInstance):
        return None


async def _listen(socket: web.WebSocketResponse, viewer: Viewer) -> None:
    """The viewer's screen is known, until it leaves."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            try:
                viewer.visible = msgspec.json.decode(message.data, type=_Looking).visible
            except msgspec.MsgspecError:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"no message of the dashboard")


def _read(root: Path, instance_id: str) -> tuple[bytes, str]:
    """The bytes of the last picture, and the name of its file; blocks.

    Raises:
        NotFound: there is none, or it is too large.
    """
    found = newest_picture(root, instance_id)
    if found is None:
        raise NotFound("there is no picture yet")
    fd = open_beneath(root, (instance_id, "rendered", found.name))
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode) or os.fstat(fd).st_size > _MAX_PICTURE_BYTES:
            raise NotFound("there is no picture that can be shown")
        return file.read(_MAX_PICTURE_BYTES), found.name
