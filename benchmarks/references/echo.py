"""A blocking pipe between two processes that gives back what it gets: what any environment behind a pipe costs."""

import contextlib
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection

from benchmarks.rounds import Play, one_by_one

_BYTES = bytes(64)  # about what a step of CartPole takes there, and a little less than it takes back


@contextlib.contextmanager
def pipe_echo() -> Iterator[Play]:
    """Bytes to another process and back, one after the other."""
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=_echo, args=(theirs,))
    process.start()
    theirs.close()

    def ask(_number: int) -> None:
        ours.send_bytes(_BYTES)
        ours.recv_bytes()

    try:
        yield one_by_one(ask)
    finally:
        ours.close()
        process.join()


def _echo(pipe: Connection) -> None:
    with contextlib.suppress(EOFError):
        while True:
            pipe.send_bytes(pipe.recv_bytes())
