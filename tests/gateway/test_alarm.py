"""The alarm: raised by what the machine as a whole loses or gets, and only then."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from gateway.alarm import Alarm

_MUCH_BYTES, _MOST = 256 * 1024 * 1024, 8
_MANY = 64


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    """One that has just been set."""
    with contextlib.closing(Alarm()) as alarm:
        yield alarm


def test_it_is_raised_when_memory_is_taken(alarm: Alarm) -> None:
    """By whomever; somebody else on the machine may give as much back meanwhile, but not for ever."""
    taken: list[bytearray] = []
    while not alarm.is_raised():
        assert len(taken) < _MOST
        taken.append(bytearray(_MUCH_BYTES))


def test_it_is_raised_when_processes_come(alarm: Alarm) -> None:
    """Threads are counted as well."""
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(_MANY)]
    for thread in threads:
        thread.start()
    try:
        assert alarm.is_raised()
    finally:
        over.set()
        for thread in threads:
            thread.join()
