"""Deadlines: each passes in its time, however they were set before."""

import asyncio

from gateway.workers.deadline import Deadline

_SOON_S, _LATE_S, _WAIT_S = 0.01, 60.0, 20.0


async def test_it_passes_in_its_time() -> None:
    """And not again."""
    has_passed = asyncio.Event()
    deadline = Deadline(has_passed.set)
    deadline.set(_SOON_S)
    await asyncio.wait_for(has_passed.wait(), _WAIT_S)
    deadline.close()


async def test_an_earlier_one_does_not_wait_for_the_timer_of_a_later_one() -> None:
    """As when a step may take less time than the start before it."""
    has_passed = asyncio.Event()
    deadline = Deadline(has_passed.set)
    deadline.set(_LATE_S)
    deadline.lift()
    deadline.set(_SOON_S)
    await asyncio.wait_for(has_passed.wait(), _WAIT_S)
    deadline.close()


async def test_a_later_one_is_not_ended_by_the_timer_of_an_earlier_one() -> None:
    """The timer looks, and waits on."""
    passed: list[float] = []
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def note() -> None:
        passed.append(loop.time())
        over.set()

    deadline = Deadline(note)
    began = loop.time()
    deadline.set(_SOON_S)
    deadline.set(20 * _SOON_S)
    await asyncio.wait_for(over.wait(), _WAIT_S)
    assert len(passed) == 1
    assert passed[0] - began >= 20 * _SOON_S
    deadline.close()


async def test_one_that_is_lifted_does_not_pass() -> None:
    """Another one, set for the same moment, shows that the moment has passed."""
    lifted, other = asyncio.Event(), asyncio.Event()
    first, second = Deadline(lifted.set), Deadline(other.set)
    first.set(_SOON_S)
    second.set(2 * _SOON_S)
    first.lift()
    await asyncio.wait_for(other.wait(), _WAIT_S)
    assert not lifted.is_set()
    for deadline in (first, second):
        deadline.close()
