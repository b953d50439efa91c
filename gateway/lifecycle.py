"""The states of an instance and the ways between them, as a table.

    starting ──► ready ◄──► busy
        │          │          │
        ├──────────┼──────────┼──► crashed ──► starting   (restarted by a reset)
        │          │          │        │
        └──────────┴──────────┴────────┴──► closed

`crashed` keeps its report and its id; `closed` is the end.
"""

from enum import StrEnum
from typing import Literal

Dialect = Literal["seed", "http", "v2"]
"""The language of the route that created an instance."""

OnCrash = Literal["fail", "restart"]
"""What a reset does to a crashed instance."""


class State(StrEnum):
    """Where an instance is; the names are those that clients see."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    CRASHED = "crashed"
    CLOSED = "closed"


_NEXT: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.READY, State.CRASHED, State.CLOSED}),
    State.READY: frozenset({State.BUSY, State.CRASHED, State.CLOSED}),
    State.BUSY: frozenset({State.READY, State.CRASHED, State.CLOSED}),
    State.CRASHED: frozenset({State.STARTING, State.CLOSED}),
    State.CLOSED: frozenset(),
}

ALIVE = frozenset({State.STARTING, State.READY, State.BUSY})
"""States in which there is, or is about to be, a worker."""


def may_become(state: State, following: State) -> bool:
    """Whether the table has a way from one to the other."""
    return following in _NEXT[state]
