"""The limit of the HTTP layer: a handler that reads the body and answers the same bytes, and does nothing else.

It listens as the gateway does, in the same event loop, so that all that differs is the work.

    python -m benchmarks.references.aiohttp_server PATH BYTES
"""

import asyncio
import signal
import sys

import uvloop
from aiohttp import web

from gateway.listening import listening


async def serve(path: str, size: int) -> None:
    """Until SIGTERM, POSTs to that path are answered with so many bytes."""
    answer = bytes(size)

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=answer, content_type="application/json")

    app = web.Application()
    app.router.add_post(path, handle)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with listening(app, "127.0.0.1", 0) as url:
        print(url.rpartition(":")[2], flush=True)
        await ended.wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
