"""The gateway stays awake while workers have something to do, and lets them do so where there is a core for them."""

import asyncio
import os
import time

import pytest

from gateway.awake import Load

_LATER_S = 0.05  # much more than it stays awake


@pytest.fixture
async def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """On a machine with four cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(4)))
    return Load()


async def test_whoever_is_alone_may_stay_awake(load: Load) -> None:
    """It, its client and the gateway take turns."""
    assert [load.given(1), load.given(1), load.given(1)] == [True, True, True]


async def test_those_for_whom_there_is_no_core_may_not(load: Load) -> None:
    """Four cores are enough for one with its client, and for the gateway."""
    assert load.given(1)
    assert not load.given(2)
    assert not load.given(1)


async def test_who_was_given_nothing_of_late_does_not_count(load: Load) -> None:
    """Idle instances cost the others nothing."""
    assert [load.given(1), load.given(2)] == [True, False]
    await asyncio.sleep(_LATER_S)
    assert load.given(1)


async def test_it_counts_those_that_have_something_to_do(load: Load) -> None:
    """From when it is given to when it is answered."""
    load.given(1)
    load.given(2)
    load.answered()
    assert load.busy == 1


async def test_the_loop_goes_to_sleep_when_nothing_comes(load: Load) -> None:
    """It burns no processor time for somebody who does not come."""
    load.given(1)
    await asyncio.sleep(_LATER_S)
    before = time.process_time()
    await asyncio.sleep(10 * _LATER_S)
    assert time.process_time() - before < _LATER_S
