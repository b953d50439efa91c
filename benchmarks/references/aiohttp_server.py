"""The limit of the HTTP layer: a handler that reads the body and answers the same bytes, and does nothing else.

It listens as the gateway does and gets its memory as the gateway does, so that all that differs is the work.

    python -m benchmarks.references.aiohttp_server PATH BYTES
"""

import asyncio
import signal
import sys

from aiohttp import web

from gateway.allocation import keep_freed_memory
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
    keep_freed_memory()
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
