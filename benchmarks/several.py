"""Several clients at the same time: connections of one thread, coroutines of one loop, or processes."""

import asyncio
import contextlib
import multiprocessing
import select
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain, pairwise
from multiprocessing.connection import Connection
from typing import Protocol

from benchmarks.rounds import Play, Turn


class Exchange(Protocol):
    """A connection that has one request under way, or none."""

    def fileno(self) -> int:
        """The descriptor that is readable once the answer begins to come."""

    def send(self, number: int) -> None:
        """The next request is on its way."""

    def receive(self) -> object:
        """Its answer has come whole."""


def over_all(exchanges: Sequence[Exchange], steps_each: int = 1) -> Play:
    """Each of them sends its next request as soon as it is answered, driven by one thread, which costs them little."""

    def play(seconds: float) -> Turn:
        by_fd = {exchange.fileno(): exchange for exchange in exchanges}
        waits_s = []
        with select.epoll() as poll:
            began = time.perf_counter()
            sent_at = {}
            for fd, exchange in by_fd.items():
                poll.register(fd, select.EPOLLIN)
                sent_at[fd] = time.perf_counter()
                exchange.send(0)
            number, now = len(by_fd), began
            while sent_at:
                for fd, _ in poll.poll():
                    exchange = by_fd[fd]
                    exchange.receive()
                    now = time.perf_counter()
                    waits_s.append(now - sent_at.pop(fd))
                    if now - began < seconds:
                        sent_at[fd] = now
                        exchange.send(number // len(by_fd))
                        number += 1
        return Turn(len(waits_s) * steps_each, now - began, waits_s)

    return play


async def together(asks: Sequence[Callable[[int], Awaitable[object]]], seconds: float) -> Turn:
    """All coroutines of one loop, each with one request after the other."""
    began = time.perf_counter()
    waits_s = await asyncio.gather(*(_one_by_one(ask, began + seconds) for ask in asks))
    elapsed_s = time.perf_counter() - began
    return Turn(sum(map(len, waits_s)), elapsed_s, list(chain(*waits_s)))


async def _one_by_one(ask: Callable[[int], Awaitable[object]], end: float) -> list[float]:
    marks = [time.perf_counter()]
    while marks[-1] < end:
        await ask(len(marks))
        marks.append(time.perf_counter())
    return [after - before for before, after in pairwise(marks)]


@contextlib.contextmanager
def in_processes(
    count: int, opening: Callable[[str, str], AbstractContextManager[Play]], url: str, env_id: str
) -> Iterator[Play]:
    """So many processes, each of which plays what `opening(url, env_id)` has opened there."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([opening.__module__])
    pipes, processes = [], []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=_play_there, args=(theirs, opening, url, env_id))
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)

    def play(seconds: float) -> Turn:
        for pipe in pipes:
            pipe.send(seconds)
        turns: list[Turn] = [pipe.recv() for pipe in pipes]
        waits_s = list(chain.from_iterable(turn.waits_s for turn in turns))
        return Turn(sum(turn.steps for turn in turns), max(turn.elapsed_s for turn in turns), waits_s)

    try:
        for pipe in pipes:
            pipe.recv()
        yield play
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join()


def _play_there(
    pipe: Connection, opening: Callable[[str, str], AbstractContextManager[Play]], url: str, env_id: str
) -> None:
    with opening(url, env_id) as play, contextlib.suppress(EOFError):
        pipe.send(None)
        while True:
            pipe.send(play(pipe.recv()))
