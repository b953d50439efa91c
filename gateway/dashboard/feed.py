"""The rows of all instances, made once for all who look, at most twice a second; for nobody, never."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from contextvars import Context

from gateway.dashboard.glimpses import Glimpses
from gateway.dashboard.rows import Row, Sketch, epoch_offset_s
from gateway.dashboard.snapshot import Snapshot
from gateway.instance import Instance
from gateway.security.caller import current

_INTERVAL_S = 0.5
_AT_ONCE = 32  # rows between two pauses in which the loop may serve a step
log = logging.getLogger(__name__)


class Viewer:
    """One who looks; `visible` are the ids of the rows that are on its screen."""

    def __init__(self) -> None:
        self.visible: tuple[str, ...] = ()


class Feed:
    """All viewers of the dashboard who may see the same, and what they see of `instances()`."""

    def __init__(self, instances: Callable[[], Iterable[Instance]], glimpses: Glimpses, artifacts_port: int) -> None:
        self._instances = instances
        self._glimpses = glimpses
        self._artifacts_port = artifacts_port
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._turned = asyncio.Condition()
        self._snapshot = Snapshot()
        self._sketches: dict[str, Sketch] = {}

    def enter(self) -> Viewer:
        """One viewer more."""
        viewer = Viewer()
        self._viewers.add(viewer)
        if self._task is None or self._task.done():
            self._snapshot, self._sketches = Snapshot(), {}
            # It works for all viewers, so of the request with which the first came it has only in whose name that was.
            context = Context()
            context.run(current.set, current.get())
            self._task = asyncio.create_task(self._run(), context=context)
            self._task.add_done_callback(_report)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """One viewer less; after the last, nothing is looked at."""
        self._viewers.discard(viewer)
        if not self._viewers and self._task:
            self._task.cancel()
            self._task = None

    async def after(self, version: int) -> tuple[int, str]:
        """The newest version, as soon as it is newer than this one, and the message that brings a viewer there."""
        async with self._turned:
            await self._turned.wait_for(lambda: self._snapshot.version > version)
        return self._snapshot.version, self._snapshot.message(version)

    async def _run(self) -> None:
        """Ends with the last viewer."""
        clock = asyncio.get_running_loop().time
        epoch_s = epoch_offset_s()
        while True:
            began = clock()
            pictures = await self._glimpses.look({name for viewer in self._viewers for name in viewer.visible})
            rows = await self._look(epoch_s, pictures)
            machine = _machine() | {"artifacts_port": self._artifacts_port}
            if self._snapshot.turn(rows, machine, epoch_s + clock()):
                async with self._turned:
                    self._turned.notify_all()
            await asyncio.sleep(max(_INTERVAL_S / 2, began + _INTERVAL_S - clock()))

    async def _look(self, epoch_s: float, pictures: Mapping[str, str]) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        clock, before = asyncio.get_running_loop().time, self._snapshot.rows
        for number, instance in enumerate(self._instances(), 1):
            instance_id = instance.instance_id
            sketch = self._sketches.get(instance_id) or self._sketches.setdefault(instance_id, Sketch())
            row = rows[instance_id] = sketch.row(instance, clock(), epoch_s)
            row["picture"] = pictures.get(instance_id) or before.get(instance_id, {}).get("picture")
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        for instance_id in self._sketches.keys() - rows.keys():
            del self._sketches[instance_id]
        return rows


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.critical("the dashboard has failed", exc_info=error)


def _machine() -> dict[str, float]:
    """The load of the last minute and the number of cores: what the figures of the rows compete for."""
    return {"load": round(os.getloadavg()[0], 1), "cores": os.cpu_count() or 1}
