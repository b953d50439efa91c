"""What the holders of tokens use of the machine, held against their quotas: before an instance is made, and meanwhile.

Memory and disk are measured from outside. Whoever is above a quota makes no new instance; of those that live, the
largest goes until the memory is below it, and those go whose folders still grow.
"""

import asyncio
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from gateway.instance import Instance
from gateway.security.caller import current
from gateway.security.owners import Owners
from gateway.security.tokens import Token
from protocol.errors import LimitReached
from protocol.facts import Cause, Limits

_INTERVAL_S = 0.25
_DISK_INTERVAL_S = 5.0
log = logging.getLogger(__name__)


class Allowances:
    """The quotas of these tokens; `instances` are those that live."""

    def __init__(
        self, tokens: Iterable[Token], owners: Owners, instances: Callable[[], Iterable[Instance]], data_dir: Path
    ) -> None:
        self._quotas = {token.name: token.quotas for token in tokens}
        self._has_disk_quotas = any(quotas.disk_bytes is not None for quotas in self._quotas.values())
        self._owners = owners
        self._instances = instances
        self._data_dir = data_dir
        self._disk: dict[str, dict[str, int]] = {}  # bytes, by owner and instance

    def check(self, count: int) -> None:
        """Whoever is asking may make so many instances more.

        Raises:
            LimitReached: the quotas say no.
        """
        caller = current.get()
        if caller is None:
            return
        name, quotas = caller.name, caller.quotas
        own = self._living_of(name)
        if quotas.instances is not None and len(own) + count > quotas.instances:
            raise LimitReached(f"{name} has {len(own)} instances, and may have {quotas.instances}; close some first")
        if quotas.memory_bytes is not None and (used := _memory(own)) >= quotas.memory_bytes:
            raise LimitReached(f"the instances of {name} use {used} bytes of memory, {quotas.memory_bytes} are allowed")
        if quotas.disk_bytes is not None and (used := sum(self._disk.get(name, {}).values())) >= quotas.disk_bytes:
            raise LimitReached(f"the artifacts of {name} take {used} bytes of disk, {quotas.disk_bytes} are allowed")

    def tightened(self, limits: Limits) -> Limits:
        """The limits of one instance of whoever is asking, which alone may not be above the quota of all."""
        caller = current.get()
        most = caller.quotas.memory_bytes if caller else None
        if most is None or (limits.memory_bytes is not None and limits.memory_bytes <= most):
            return limits
        return msgspec.structs.replace(limits, memory_bytes=most)

    async def run(self) -> None:
        """Holds those that live to the quotas, and never returns; knows first whose all the folders are."""
        await asyncio.to_thread(self._owners.load, self._data_dir)
        next_disk = 0.0
        while True:
            self._bound_memory()
            if time.monotonic() >= next_disk:
                await self._look_at_disk()
                next_disk = time.monotonic() + _DISK_INTERVAL_S
            await asyncio.sleep(_INTERVAL_S)

    def _living_of(self, name: str) -> list[Instance]:
        return [instance for instance in self._instances() if self._owners.of(instance.instance_id) == name]

    def _bound_memory(self) -> None:
        for name, quotas in self._quotas.items():
            if quotas.memory_bytes is None:
                continue
            own = [instance for instance in self._living_of(name) if instance.pid is not None]
            if (used := _memory(own)) > quotas.memory_bytes:
                largest = max(own, key=lambda instance: instance.usage.rss_bytes)
                _end(largest, f"the instances of {name} used {used} bytes, {quotas.memory_bytes} are allowed", "memory")

    async def _look_at_disk(self) -> None:
        """Who has used how much is known; of whoever has too much, what still grows is ended."""
        owned = self._owners.owned()
        alive = {instance.instance_id: instance for instance in self._instances()}
        sizes = await asyncio.to_thread(_sizes, self._data_dir, owned if self._has_disk_quotas else ())
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for instance_id, size in sizes.items():
            found[owned[instance_id]][instance_id] = size
        before, self._disk = self._disk, dict(found)
        for name, quotas in self._quotas.items():
            used = sum(self._disk.get(name, {}).values())
            if quotas.disk_bytes is None or used <= quotas.disk_bytes:
                continue
            for instance_id, size in self._disk[name].items():
                instance = alive.get(instance_id)
                if instance and instance.pid is not None and size > before.get(name, {}).get(instance_id, 0):
                    _end(instance, f"artifacts of {name} take {used} bytes, {quotas.disk_bytes} are allowed", "killed")
        self._owners.forget(set(await asyncio.to_thread(_missing, self._data_dir, owned)) - alive.keys())


def _end(instance: Instance, reason: str, cause: Cause) -> None:
    log.warning("%s: killed: %s", instance.instance_id, reason)
    instance.end(cause, reason)


def _memory(instances: Iterable[Instance]) -> int:
    return sum(instance.usage.rss_bytes for instance in instances if instance.pid is not None)


def _sizes(data_dir: Path, instance_ids: Iterable[str]) -> dict[str, int]:
    """The bytes on disk of each instance's folder; blocks."""
    return {instance_id: _size(data_dir / instance_id) for instance_id in instance_ids}


def _size(folder: Path) -> int:
    """Links are not followed, and what goes away meanwhile counts nothing."""
    used = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                used += os.lstat(f"{parent}/{name}").st_blocks * 512  # the unit of st_blocks (stat(2))
            except OSError:
                continue
    return used


def _missing(data_dir: Path, instance_ids: Iterable[str]) -> list[str]:
    return [instance_id for instance_id in instance_ids if not (data_dir / instance_id).exists()]
