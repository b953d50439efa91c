"""Every upload's archive goes on to the endpoint that the operator has set, in the background, until it was taken.

What is still to be sent stands in the scoreboard, so a restart forgets none of it. A kill between the endpoint's
answer and its note sends an archive twice, under the same Idempotency-Key.
"""

import asyncio
import contextlib
import io
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec

from gateway.artifacts.paths import open_beneath, parts_of
from gateway.evaluation import Evaluation, Forwarded, now_as_text
from gateway.scoreboard import Scoreboard
from protocol.errors import NotFound

DELAYS_S = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0, 12 * 3600.0)
"""Between an attempt and the next, in seconds: nine attempts within a day."""

_TIMEOUT = aiohttp.ClientTimeout(total=3600, sock_connect=10, sock_read=60)
_LONGEST_PAUSE_S = 60.0  # the clock by which an attempt is due may be set
log = logging.getLogger(__name__)


class Forwarder:
    """Sends what is due, one at a time, to `url` and nowhere else: redirects are not followed."""

    def __init__(self, scoreboard: Scoreboard, data_dir: Path, url: str, delays_s: Sequence[float] = DELAYS_S) -> None:
        self._scoreboard = scoreboard
        self._data_dir = data_dir
        self._url = url
        self._delays_s = delays_s
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something new to be sent."""
        self._news.set()

    async def run(self) -> None:
        """Never returns."""
        async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                self._news.clear()
                evaluation, due_at = await self._scoreboard.next_forward() or (None, time.time() + _LONGEST_PAUSE_S)
                if evaluation and due_at <= time.time():
                    await self._forward(session, evaluation)
                else:
                    await self._pause(due_at - time.time())

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(pause_s, _LONGEST_PAUSE_S)):
                await self._news.wait()

    async def _forward(self, session: aiohttp.ClientSession, evaluation: Evaluation) -> None:
        """One attempt has been made, and what became of it is on disk."""
        assert evaluation.forwarded  # noqa: S101 - narrows: those that are not have no due time
        error = await self._send(session, evaluation)
        attempts = evaluation.forwarded.attempts + 1
        due_at = time.time()
        if error is None:
            log.info("%s: forwarded", evaluation.evaluation_id)
            forwarded = Forwarded("done", now_as_text(), attempts)
        elif attempts > len(self._delays_s):
            log.error("%s: given up after %d attempts to forward it: %s", evaluation.evaluation_id, attempts, error)
            forwarded = Forwarded("failed", now_as_text(), attempts, error)
        else:
            log.warning("%s: could not be forwarded: %s", evaluation.evaluation_id, error)
            due_at += self._delays_s[attempts - 1]
            forwarded = Forwarded("pending", now_as_text(), attempts, error)
        await self._note(evaluation.evaluation_id, forwarded, due_at)

    async def _note(self, evaluation_id: str, forwarded: Forwarded, due_at: float) -> None:
        """Until this is on disk nothing else is sent, or a full disk would have the same archive sent for ever."""
        while True:
            try:
                await self._scoreboard.note_forward(evaluation_id, forwarded, due_at)
            except sqlite3.Error as error:
                log.warning("%s: what became of it cannot be written: %s", evaluation_id, error)
                await asyncio.sleep(_LONGEST_PAUSE_S)
            else:
                return

    async def _send(self, session: aiohttp.ClientSession, evaluation: Evaluation) -> str | None:
        """None if the endpoint has the archive, else why not, in words that a client may read."""
        try:
            archive = await asyncio.to_thread(_open_archive, self._data_dir, evaluation)
        except (NotFound, OSError):
            return "the archive can no longer be read"
        headers = {"Idempotency-Key": evaluation.evaluation_id}
        with archive:
            try:
                async with session.post(
                    self._url, data=_form(evaluation, archive), headers=headers, allow_redirects=False
                ) as response:
                    is_taken = response.status in range(200, 300)
                    return None if is_taken else f"the endpoint answered {response.status}"
            except (aiohttp.ClientError, OSError) as error:
                log.debug("%s: %r", evaluation.evaluation_id, error)
                return _in_words(error)


def _open_archive(data_dir: Path, evaluation: Evaluation) -> io.FileIO:
    """The archive that was written for the evaluation; an environment may have put something else in its place.

    Raises:
        NotFound, OSError: it cannot be read any more.
    """
    fd = open_beneath(data_dir, parts_of(evaluation.archive))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotFound("there is a folder in the archive's place")
    return io.FileIO(fd)


def _form(evaluation: Evaluation, archive: io.FileIO) -> aiohttp.FormData:
    """What is sent: the evaluation as JSON, then the archive as a file, as `multipart/form-data` (RFC 7578)."""
    form = aiohttp.FormData()
    document = msgspec.json.encode(msgspec.structs.replace(evaluation, forwarded=None)).decode()
    form.add_field("evaluation", document, content_type="application/json")
    name = f"{evaluation.evaluation_id}.tar.gz"
    form.add_field("archive", archive, filename=name, content_type="application/gzip")
    return form


def _in_words(error: Exception) -> str:
    """Why the endpoint could not be reached, without its address, which is the operator's business."""
    match error:
        case TimeoutError():
            return "the endpoint did not answer in time"
        case aiohttp.ClientSSLError():
            return "the endpoint's certificate is not accepted"
        case aiohttp.ClientConnectorDNSError():
            return "the endpoint's name cannot be resolved"
        case OSError(errno=int(number)) if number > 0:
            return f"the endpoint cannot be reached: {os.strerror(number)}"
    return "the endpoint broke off the connection"
