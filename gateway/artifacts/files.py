"""The application of the second port: which path is answered by what. Read-only; whatever blocks runs in a thread."""

import asyncio
import io
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.artifacts import markup
from gateway.artifacts.accept import wants_json
from gateway.artifacts.download import send
from gateway.artifacts.instances import Instances, status, summary
from gateway.artifacts.listing import Entry, Page, list_folder, list_instances, read_instance
from gateway.artifacts.live import LiveViews
from gateway.artifacts.media import UNKNOWN, media_type
from gateway.artifacts.paths import FOLDERS, INSTANCE_ID, open_beneath, parts_of, text_of, url_of
from gateway.artifacts.window import read_window
from gateway.body import json_response
from gateway.errors import SPEAKS_PROBLEMS, errors_as_responses
from gateway.routes import Route, add_routes
from gateway.static import PAGES, StaticFiles, page
from protocol.errors import UnknownInstance

_INSTANCE = f"/{{instance_id:{INSTANCE_ID.pattern}}}"
_FOLDER = f"{_INSTANCE}/{{folder:{'|'.join(FOLDERS)}}}"
# An environment may write any file. In a sandbox without `allow-scripts` none of them can run a script, whatever a
# browser takes it for; the rest is what a browser's own viewers of pictures and videos need.
_ARTIFACT_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none';"
    " sandbox allow-same-origin"
)
_VARY = {"Vary": "Accept"}


def artifacts_app(
    data_dir: Path, instances: Instances, is_hidden: Callable[[str], bool] = lambda _: False
) -> web.Application:
    """The application that serves the instances' folders below `data_dir`, the live views and the pages around them.

    What `is_hidden` from whoever is asking is not listed.
    """
    app = web.Application(middlewares=[errors_as_responses])
    app[SPEAKS_PROBLEMS] = True
    live = LiveViews(data_dir, instances)
    handlers = Artifacts(data_dir, instances, live, is_hidden)
    add_routes(app, handlers.routes())
    app.on_response_prepare.append(_secure)

    async def end_views(_app: web.Application) -> None:
        live.end()

    app.on_shutdown.append(end_views)
    return app


class Artifacts:
    """The handlers of the second port."""

    def __init__(self, data_dir: Path, instances: Instances, live: LiveViews, is_hidden: Callable[[str], bool]) -> None:
        self._root = data_dir
        self._instances = instances
        self._live = live
        self._is_hidden = is_hidden
        self._static = StaticFiles()
        self._render_html = (PAGES / "render.html").read_bytes()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/", self.index),
            Route("GET", "/render.html", self.render),
            Route("GET", "/pages/{name}", self._static.serve),
            Route("GET", _INSTANCE, self.instance),
            Route("GET", _INSTANCE + "/live", self.live),
            Route("GET", _INSTANCE + "/status", self.status),
            Route("GET", _INSTANCE + "/statistics", self.statistics),
            Route("GET", _FOLDER, self.artifact),
            Route("GET", _FOLDER + "/{path:.+}", self.artifact),
        )

    async def index(self, request: web.Request) -> web.Response:
        """The instances that have a folder, newest first."""
        found = await asyncio.to_thread(list_instances, self._root, read_window(request.query), self._is_hidden)
        documents = {kept.instance_id: self._instances.document(kept.instance_id) for kept in found.items}
        if not wants_json(request.headers.get("Accept", "")):
            return page(await asyncio.to_thread(markup.index_page, found, documents), _VARY)
        told = [summary(kept, documents[kept.instance_id]) for kept in found.items]
        return _told({"instances": told} | _around(found))

    async def render(self, _request: web.Request) -> web.Response:
        """The live view; its script reads the instance from the query."""
        return page(self._render_html)

    async def instance(self, request: web.Request) -> web.Response:
        """One instance and its folders."""
        instance_id = request.match_info["instance_id"]
        kept, folders = await asyncio.to_thread(read_instance, self._root, instance_id)
        document = self._instances.document(instance_id)
        if not wants_json(request.headers.get("Accept", "")):
            return page(markup.instance_page(kept, document, folders), _VARY)
        entries = [_entry((instance_id,), folder) for folder in folders]
        return _told(summary(kept, document) | {"entries": entries})

    async def live(self, request: web.Request) -> web.StreamResponse:
        """The instance's pictures as they are drawn."""
        return await self._live.show(request, request.match_info["instance_id"])

    async def status(self, request: web.Request) -> web.Response:
        """What the live view says beside the picture."""
        instance_id = request.match_info["instance_id"]
        kept, _ = await asyncio.to_thread(read_instance, self._root, instance_id)
        statistics = self._instances.statistics(instance_id)
        return _of_now(status(kept, self._instances.document(instance_id), statistics))

    async def statistics(self, request: web.Request) -> web.Response:
        """What the gateway tells of the instance's episodes, for a page that can ask this port alone.

        Raises:
            UnknownInstance: it runs no more.
        """
        instance_id = request.match_info["instance_id"]
        statistics = self._instances.statistics(instance_id)
        if statistics is None:
            raise UnknownInstance(f"there is no instance {instance_id} that runs")
        return _of_now(statistics.document())

    async def artifact(self, request: web.Request) -> web.StreamResponse:
        """A file, or what lies in a folder."""
        parts = parts_of(request.rel_url.raw_path)
        found = await asyncio.to_thread(_look_up, self._root, parts, request.query)
        if isinstance(found, Page):
            if not wants_json(request.headers.get("Accept", "")):
                return page(await asyncio.to_thread(markup.folder_page, parts, found), _VARY)
            entries = [_entry(parts, entry) for entry in found.items]
            return _told({"path": url_of(*parts) + "/", "entries": entries} | _around(found))
        with found:
            return await send(request, found, _headers(parts))


def _look_up(root: Path, parts: Sequence[str], query: Mapping[str, str]) -> Page[Entry] | io.FileIO:
    """The window of a folder that the query asks for, or the open file; blocks."""
    fd = open_beneath(root, parts)
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        return io.FileIO(fd)
    try:
        return list_folder(fd, read_window(query))
    finally:
        os.close(fd)


def _headers(parts: Sequence[str]) -> dict[str, str]:
    kind = media_type(parts)
    # `latest.png` is another picture a moment later; anything else is checked by its ETag.
    headers = {"Content-Type": kind, "Cache-Control": "no-store" if parts[-1].startswith("latest.") else "no-cache"}
    return headers | ({"Content-Disposition": "attachment"} if kind == UNKNOWN else {})


def _entry(parents: Sequence[str], entry: Entry) -> dict[str, Any]:
    parts = (*parents, entry.name)
    return {
        "name": text_of(entry.name),
        "type": "folder" if entry.is_folder else "file",
        "size_bytes": None if entry.is_folder else entry.size_bytes,
        "modified_at": entry.modified_at,
        "media_type": None if entry.is_folder else media_type(parts),
        "url": url_of(*parts) + ("/" if entry.is_folder else ""),
    }


def _around(found: Page[Any]) -> dict[str, Any]:
    """Where the window lies in the whole list; `next` is the query for what follows."""
    following = found.window.following(found.total)
    return {
        "total": found.total,
        "limit": found.window.limit,
        "offset": found.window.offset,
        "next": following and following.query(),
    }


def _told(body: dict[str, Any]) -> web.Response:
    response = json_response(body)
    response.headers.update(_VARY)
    return response


def _of_now(body: dict[str, Any]) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Content-Security-Policy", _ARTIFACT_POLICY)
