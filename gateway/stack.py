"""Where a worker is just now: asks it for its Python stacks and waits until they are written."""

import asyncio

from gateway.worker_log import WorkerLog
from gateway.workers.base import Worker
from protocol.errors import Unsupported

_WAIT_S, _INTERVAL_S = 1.0, 0.01
_MAX_BYTES = 256 * 1024


async def written_stack(worker: Worker, fault_log: WorkerLog) -> str:
    """The stacks that the worker writes on request.

    Raises:
        Unsupported: it has no handler for the request any more, or has not written them within a second.
    """
    start = fault_log.size_bytes
    if not worker.request_stack():
        raise Unsupported(f"process {worker.pid} cannot tell its stack: its environment ignores or blocks the signal")
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while worker.owes_stack():
        if asyncio.get_running_loop().time() > deadline:
            raise Unsupported(f"process {worker.pid} has not told its stack: it is stopped, or waits for the system")
        await asyncio.sleep(_INTERVAL_S)
    fault_log.tell()  # a crash report shall not take it for the place of the crash
    return fault_log.tail(_MAX_BYTES, start).decode("utf-8", "replace")
