"""Staying awake is given up where it does not pay, and where somebody else has use for the processor."""

import time

import pytest

from protocol.vigil import Vigil


def until_it_begins(vigil: Vigil) -> int:
    """How often it is not begun before it is."""
    skipped = 0
    while not vigil.begins():
        skipped += 1
    return skipped


def test_what_pays_is_done_every_time() -> None:
    """As long as something comes in time."""
    vigil = Vigil()
    for _ in range(10):
        assert vigil.begins()
        vigil.ended(has_paid=True)


def test_what_does_not_pay_is_done_ever_more_rarely() -> None:
    """Up to once in 64 times; and every time again when it has paid once."""
    vigil, skipped = Vigil(), []
    for _ in range(8):
        skipped.append(until_it_begins(vigil))
        vigil.ended(has_paid=False)
    assert skipped == [0, 1, 3, 7, 15, 31, 63, 63]
    assert until_it_begins(vigil) == 63
    vigil.ended(has_paid=True)
    assert until_it_begins(vigil) == 0


def test_whoever_takes_the_processor_and_keeps_it_may_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a thousand times it is not even offered; a short absence is nothing."""

    def is_away_for(seconds: float) -> bool:
        clock = iter((0.0, seconds))
        monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
        return vigil.yields()

    vigil = Vigil()
    assert is_away_for(100e-6)
    assert not is_away_for(1e-3)
    vigil.ended(has_paid=False)
    assert until_it_begins(vigil) > 1000
