"""An open file as a response: validators, byte ranges (RFC 9110, sections 13 and 14), and a bound for a slow reader."""

import asyncio
import io
import os
import re
from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple

from aiohttp import web

from gateway.artifacts.listing import modified_at

_CHUNK_BYTES = 256 * 1024
_WRITE_S = 60.0
_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class Span(NamedTuple):
    """`length` bytes from `start` on."""

    start: int
    length: int


async def send(request: web.Request, file: io.FileIO, headers: dict[str, str]) -> web.StreamResponse:
    """The file has been sent, or the part of it that was asked for, or the news that the caller has it already.

    The length is that of the moment the file was opened: a log may grow while it is read. One that shrank cannot be
    sent as announced, so the connection is cut.
    """
    found = os.fstat(file.fileno())
    date = modified_at(found)
    # The inode tells apart two pictures that were renamed into place within one tick of the file system's clock.
    tag = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
    headers |= {
        "Accept-Ranges": "bytes",
        "ETag": f'"{tag}"',
        "Last-Modified": format_datetime(date, usegmt=True),
    }
    if _has_it_already(request, tag, date):
        return web.Response(status=304, headers=headers)
    size = found.st_size
    span = read_range(request.headers.get("Range"), size) if _wants_range(request, tag, date) else None
    if span is not None and span.length <= 0:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = web.StreamResponse(headers=headers)
    if span is not None:
        response.set_status(206)
        response.headers["Content-Range"] = f"bytes {span.start}-{span.start + span.length - 1}/{size}"
    span = span or Span(0, size)
    response.content_length = span.length
    await response.prepare(request)
    if request.method == "GET":
        await _copy(request, response, file, span)
    return response


def read_range(header: str | None, size: int) -> Span | None:
    """What a Range header asks of a file of that size; its length is 0 or less where the file ends before it.

    None where the whole file is due: without the header, and, as the RFC allows, where it asks for more than
    one range or is not of its form.
    """
    match = _RANGE.fullmatch(header or "")
    if not match or match[0].strip().endswith("=-"):
        return None
    first, last = match[1], match[2]
    if not first:
        count = min(int(last), size)
        return Span(size - count, count)
    start = int(first)
    if last and int(last) < start:
        return None
    end = min(int(last) + 1, size) if last else size
    return Span(start, end - start)


async def _copy(request: web.Request, response: web.StreamResponse, file: io.FileIO, span: Span) -> None:
    position, end = span.start, span.start + span.length
    while position < end:
        size = min(_CHUNK_BYTES, end - position)
        chunk = await asyncio.to_thread(os.pread, file.fileno(), size, position)
        if not chunk or not await _is_written(response, chunk):
            # The client learns from the broken connection that this was not the whole file.
            if request.transport is not None:
                request.transport.abort()
            return
        position += len(chunk)


async def _is_written(response: web.StreamResponse, chunk: bytes) -> bool:
    """Whether the reader took it in time."""
    try:
        async with asyncio.timeout(_WRITE_S):
            await response.write(chunk)
    except (TimeoutError, ConnectionResetError):
        return False
    return True


def _has_it_already(request: web.Request, tag: str, date: datetime) -> bool:
    tags = request.if_none_match
    if tags is not None:
        return any(each.value in (tag, "*") for each in tags)
    since = request.if_modified_since
    return since is not None and date.replace(microsecond=0) <= since


def _wants_range(request: web.Request, tag: str, date: datetime) -> bool:
    """A range holds for GET alone, and with If-Range only for the very file the caller began with."""
    condition = request.headers.get("If-Range")
    if request.method != "GET" or condition is None:
        return request.method == "GET"
    if condition.startswith('"'):
        return condition == f'"{tag}"'
    return request.if_range == date.replace(microsecond=0)
