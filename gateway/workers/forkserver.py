"""The fork server: the warm process from which every worker is forked, started once with the gateway.

`Process.start` talks to the fork server over blocking sockets, so it runs on one thread of its own: a fork server
that hangs delays creations, and nothing else. That thread does nothing but start processes.
"""

import asyncio
import multiprocessing
import multiprocessing.process
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from gateway.workers.child import Child, ForkServerChild

_PRELOAD = "worker.preload"


class ForkServer:
    """Makes processes that run one function each; `open` before the first, `close` after the last."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="process-start")

    def open(self) -> None:
        """The fork server runs and warms itself up; nobody waits for that but the first start.

        Called on the main thread: the kernel tells a child of its parent's death when the parent's *thread* ends.
        """
        self._context.set_forkserver_preload([_PRELOAD])
        forkserver.ensure_running()

    async def start(self, target: Callable[..., None], connection: Connection, args: tuple[Any, ...]) -> Child:
        """A new process that runs `target(connection, *args)`; `connection` is closed here once the process has it.

        Also where nobody waits any more, and never before: sent a descriptor that is none, the fork server ends, and
        with it every worker.
        """
        job = self._starter.submit(self._start, target, (connection, *args))
        job.add_done_callback(lambda _job: connection.close())
        return ForkServerChild(await asyncio.wrap_future(job))

    def close(self) -> None:
        """No further process can be started; the fork server is gone and reaped, and so is multiprocessing's tracker.

        Left to themselves both end a moment after this process, as orphans.
        """
        self._starter.shutdown(wait=False, cancel_futures=True)
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
        resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # noqa: SLF001 - as above

    def _start(self, target: Callable[..., None], args: tuple[Any, ...]) -> ForkServerProcess:
        process = self._context.Process(target=target, args=args)
        process.start()
        # multiprocessing polls every child that it knows at every start, and joins them all at exit. We learn of
        # a worker's end by its sentinel, at once and once, so that is wasted work and a race for the exit code.
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
        return process
