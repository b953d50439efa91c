"""The page of the scoreboard, and the files that evaluations are about: films, and the archives of recordings.

The artifact port has the same files. A page may show what its own server serves, and nothing else.
"""

import asyncio
import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from gateway.artifacts.download import send
from gateway.artifacts.media import UNKNOWN, media_type
from gateway.artifacts.paths import INSTANCE_ID, open_beneath, parts_of
from gateway.routes import Route
from gateway.static import PAGES, page
from protocol.errors import NotFound

_FILES = f"/scoreboard/files/{{instance_id:{INSTANCE_ID.pattern}}}/{{folder:simulation|archives}}/{{name}}"
_PREFIX = "/scoreboard/files"
# An environment may have written the file, and anything into it: nothing of that is run.
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


class ScoreboardPage:
    """The handlers; the page asks `/v2/scoreboard` for what it shows."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir
        self._page = (PAGES / "scoreboard.html").read_bytes()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (Route("GET", "/scoreboard", self.scoreboard), Route("GET", _FILES, self.file))

    async def scoreboard(self, _request: web.Request) -> web.Response:
        """The page; its script reads from the query what is to be shown."""
        return page(self._page)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of an instance's recording, or the part of it that is asked for.

        Raises:
            NotFound: there is no such file.
        """
        parts = parts_of(request.rel_url.raw_path.removeprefix(_PREFIX))
        file = await asyncio.to_thread(_open, self._root, parts)
        kind = media_type(parts)
        headers = {"Content-Type": kind, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
        if kind in (UNKNOWN, "application/gzip"):
            headers["Content-Disposition"] = "attachment"
        with file:
            return await send(request, file, headers)


def _open(root: Path, parts: Sequence[str]) -> io.FileIO:
    """The open file; blocks.

    Raises:
        NotFound: there is none, or it is a folder.
    """
    fd = open_beneath(root, parts)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotFound("there is no file at this path")
    return io.FileIO(fd)
