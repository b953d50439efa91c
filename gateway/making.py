"""The first command of a worker: the environment is built in it."""

import time

from gateway.workers.base import Worker
from protocol import codec
from protocol.errors import GymServerError
from protocol.messages import Made, Make


async def make_in(worker: Worker, make: Make, deadline_s: float) -> Made:
    """The worker has started and built the environment.

    Raises:
        WorkerLost: it ended, or there was none within `deadline_s` seconds.
        FramingError: it broke the protocol.
        GymServerError: what else it answered.
    """
    end = time.monotonic() + deadline_s
    await worker.start(deadline_s)
    reply = codec.outcome(await worker.call(codec.encode(make), end - time.monotonic()))
    if isinstance(reply, GymServerError):
        raise reply
    assert isinstance(reply, Made)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
    return reply
