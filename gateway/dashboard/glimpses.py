"""Small pictures for the dashboard: of the rows that somebody sees, in turn, and so few that no step notices."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from gateway.artifacts.listing import newest_picture
from gateway.audience import can_draw, draw_now
from gateway.instance import Instance
from protocol.messages import Draw

_SMALL = Draw("jpeg")
_AT_ONCE = 2
_OLD_S = 2.0
_RESTING_S = 30.0  # who has not been used for that long is not woken: its first picture may cost it some memory
_REST = 60  # times as long as the last picture took: pictures may use a small part of one core
_LONGEST_REST_S = 3.0


class _Seen(NamedTuple):
    """When an instance was last drawn, and how far it was."""

    at: float
    moment: tuple[int, int]


_NEVER = _Seen(0.0, (0, 0))


class Glimpses:
    """`find` knows an instance by its id."""

    def __init__(self, root: Path, find: Callable[[str], Instance | None]) -> None:
        self._root = root
        self._find = find
        self._seen: WeakKeyDictionary[Instance, _Seen] = WeakKeyDictionary()
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._rest_until = 0.0

    async def look(self, visible: Iterable[str]) -> dict[str, str]:
        """What tells the last picture of each of these instances from all before, where there is one."""
        wanted = list(visible)
        self._begin(wanted)
        return await asyncio.to_thread(self._versions, wanted) if wanted else {}

    def _begin(self, wanted: Iterable[str]) -> None:
        """Pictures of those that have moved since their last are on their way, the oldest first."""
        now = time.monotonic()
        if now < self._rest_until:
            return
        due = sorted(self._due(wanted, now), key=lambda each: each[:2])
        for _, name, instance in due[:_AT_ONCE]:
            self._drawing[name] = asyncio.create_task(self._draw(instance))

    def _due(self, names: Iterable[str], now: float) -> Iterator[tuple[float, str, Instance]]:
        """When those were last drawn that have moved since, and how they are called."""
        for name in names:
            instance = self._find(name)
            if instance is None or name in self._drawing or instance.idle_s > _RESTING_S or not can_draw(instance):
                continue
            seen = self._seen.get(instance, _NEVER)
            if now - seen.at >= _OLD_S and _moment(instance) != seen.moment:
                yield seen.at, name, instance

    async def _draw(self, instance: Instance) -> None:
        """Is never cancelled: that would cost a worker its life while it draws."""
        began = time.monotonic()
        self._seen[instance] = _Seen(began, _moment(instance))
        try:
            await draw_now(instance, _SMALL)
        finally:
            del self._drawing[instance.instance_id]
            took_s = time.monotonic() - began
            self._rest_until = time.monotonic() + min(_REST * took_s, _LONGEST_REST_S)

    def _versions(self, names: Iterable[str]) -> dict[str, str]:
        found = {name: newest_picture(self._root, name) for name in names}
        return {name: f"{picture.stat.st_mtime_ns:x}" for name, picture in found.items() if picture}


def _moment(instance: Instance) -> tuple[int, int]:
    return instance.statistics.begun, instance.statistics.steps
