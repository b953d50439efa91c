"""A loop that stays awake for a moment tells what every loop tells."""

import selectors
import socket

import pytest

from gateway.awake import AwakeSelector, Load

_NOW, _SOON_S, _WAIT_S = 0, 0.01, 20.0


@pytest.fixture
def load() -> Load:
    """Nobody has anything to do."""
    return Load()


@pytest.mark.parametrize("busy", [0, 1000], ids=["a core is left", "no core is left"])
def test_it_tells_what_is_ready(load: Load, busy: int) -> None:
    """Also where it has nothing to say for a moment, or for as long as it may wait."""
    load.busy = busy
    ours, theirs = socket.socketpair()
    with ours, theirs, AwakeSelector(load) as selector:
        selector.register(ours, selectors.EVENT_READ)
        assert selector.select(_NOW) == []
        assert selector.select(_SOON_S) == []
        theirs.send(b"x")
        for timeout_s in (_NOW, _WAIT_S, None):
            assert [key.fileobj for key, _ in selector.select(timeout_s)] == [ours]
