"""All instances: create, find, list, close, end. The only place that knows them by their ids."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gateway import instance_folder
from gateway.audience import Audience
from gateway.awake import Load
from gateway.cgroup_tree import CgroupTree
from gateway.config import Config
from gateway.confinement import planned
from gateway.creations import Creations
from gateway.document import document
from gateway.instance import Instance
from gateway.leases import Leases
from gateway.lifecycle import Dialect, OnCrash
from gateway.limits import tightened
from gateway.metrics import Metrics
from gateway.registry import Registry
from gateway.security.allowances import Allowances
from gateway.security.caller import own
from gateway.security.owners import Owners
from gateway.statistics import Statistics
from gateway.uploads import Recorded
from gateway.watch import Watch
from gateway.workers.base import Worker
from gateway.workers.local import LocalWorker
from gateway.workers.starter import Starter
from protocol.errors import GymServerError, InstanceGone, InvalidField, LimitReached, ShuttingDown, UnknownInstance
from protocol.facts import Limits
from protocol.messages import Make

_REMEMBERED = 10_000
T = TypeVar("T")
log = logging.getLogger(__name__)


class Choices(msgspec.Struct, frozen=True):
    """What a client may decide of an instance beyond its environment."""

    limits: dict[str, float | int] = {}
    on_crash: OnCrash | None = None
    labels: dict[str, str] = {}


class Supervisor:
    """Every instance of this server, each with a worker of its own."""

    def __init__(self, config: Config, starter: Starter, cgroups: CgroupTree, load: Load) -> None:
        self._config = config
        self._starter = starter
        self._load = load
        self._cgroups = cgroups
        self._confinement = planned(config.confining, config.data_dir)
        self._instances: dict[str, Instance] = {}
        self._closed: dict[str, Recorded] = {}  # in the order of their closing, the oldest forgotten first
        self._directories: dict[str, str] = {}  # the id that last recorded under a client's name, oldest first
        self._is_ending = False
        self._audience = Audience(self._instances.get)
        self._creations: Creations[list[Instance]] = Creations()
        self.owners = Owners()
        self.allowances = Allowances(config.security.tokens, self.owners, self.__iter__, config.data_dir)
        self.metrics = Metrics(self.__iter__)
        self.registry = Registry(self._new_asked_worker, config.imports, config.permitted.includes)
        self.leases = Leases(self.close)
        self.watch_over = Watch(lambda: list(self._instances.values()), self.close, load)

    def __iter__(self) -> Iterator[Instance]:
        """All instances that are there for whoever is asking, the oldest first."""
        return iter([each for each in self._instances.values() if not self.owners.hides(each.instance_id)])

    async def create_many(self, make: Make, choices: Choices, count: int, key: str | None) -> list[Instance]:
        """So many instances, made side by side: all, or none and the first one's error.

        A `key` that came before gets what it made then.
        """

        async def run() -> list[Instance]:
            self._check_room(count)
            made = await asyncio.gather(
                *(self.create(make, "v2", choices) for _ in range(count)), return_exceptions=True
            )
            whole = [instance for instance in made if isinstance(instance, Instance)]
            if len(whole) < count:
                await asyncio.gather(*(self.close(instance.instance_id) for instance in whole))
                raise next(error for error in made if isinstance(error, BaseException))
            return whole

        return await self._creations.once(key, (make, choices, count), run)

    async def create(self, make: Make, dialect: Dialect, choices: Choices | None = None) -> Instance:
        """An instance whose environment is built and waits for its first reset.

        Raises:
            LimitReached: as many instances live as may.
            InvalidField: a limit is wider than the server's own, or the environment or its arguments are not allowed.
            InternalError: its folder cannot be written; the text says why.
            GymServerError: as the worker's `make` says; nothing is left of the attempt.
        """
        self._check_room(1)
        self._config.permitted.check(make)
        choices = choices or Choices()
        limits = self.allowances.tightened(tightened(self._config.limits, choices.limits))
        make = msgspec.structs.replace(make, imports=self._config.imports)
        instance = self._enter(make, dialect, choices, limits)
        try:
            await instance.start()
            self._config.permitted.check_id(instance.env_id)  # what stands in for an id of the past
            owner = self.owners.of(instance.instance_id)
            instance_folder.describe(instance.folder, instance.env_id, instance.created_at, owner)
        except BaseException:
            await instance.close()
            del self._instances[instance.instance_id]
            self.owners.forget([instance.instance_id])
            instance.discard()
            await asyncio.to_thread(instance_folder.remove, instance.folder)
            raise
        log.info("%s: created %s, process %s", instance.instance_id, instance.env_id, instance.pid)
        return instance

    def get(self, instance_id: str) -> Instance:
        """The instance, alive or crashed.

        Raises:
            InstanceGone: it was closed.
            UnknownInstance: there never was one, as far as the server remembers.
        """
        if not self.owners.hides(instance_id):
            if instance := self._instances.get(instance_id):
                return instance
            if instance_id in self._closed:
                raise InstanceGone(f"instance {instance_id} was closed; create another one")
        raise UnknownInstance(f"Instance_id {instance_id} unknown")

    async def close(self, instance_id: str) -> None:
        """The instance and its process are gone, its artifacts stay; closing twice is no error.

        Raises:
            UnknownInstance: there never was one.
        """
        try:
            instance = self.get(instance_id)
        except InstanceGone:
            return
        await instance.close()
        if self._instances.pop(instance_id, None):
            _remember(self._closed, instance_id, _recorded(instance))
            log.info("%s: closed", instance_id)

    def ids(self) -> frozenset[str]:
        """The ids of all instances."""
        return frozenset(self._instances)

    def why_full(self, count: int = 1) -> str | None:
        """Why so many instances cannot be created now, if so."""
        if self._is_ending:
            return "the server is shutting down"
        living, most = len(self._instances), self._config.max_instances
        if living + count > most:
            return f"{living} instances live already, and the limit is {most}; close {living + count - most} first"
        return None

    async def end(self) -> None:
        """No instance lives, and none can be made."""
        self._is_ending = True
        closing = [asyncio.create_task(self.close(instance.instance_id)) for instance in self]
        if closing and (await asyncio.wait(closing, timeout=self._config.limits.close_s))[1]:
            # A command still runs, and its environment cannot be asked to close.
            await asyncio.gather(*(instance.kill() for instance in self), return_exceptions=True)
        for task in closing:
            try:
                await task
            except GymServerError as error:
                log.warning("closing an instance failed: %s", error)
        await self._starter.close()

    def recorded(self, instance_id: str) -> Recorded:
        """What an upload needs to know of an instance, alive or closed.

        Raises:
            UnknownInstance: there never was one.
        """
        if instance_id in self._closed and not self.owners.hides(instance_id):
            return self._closed[instance_id]
        return _recorded(self.get(instance_id))

    def name_directory(self, directory: str, instance_id: str) -> None:
        """The instance records under a name of the client's choice."""
        self._directories.pop(own(directory), None)
        _remember(self._directories, own(directory), instance_id)

    def recorded_in(self, directory: str) -> Recorded:
        """The instance that last recorded under this name.

        Raises:
            InvalidField: none did.
        """
        instance_id = self._directories.get(own(directory))
        if instance_id is None:
            raise InvalidField.at("$.training_dir", f"nothing was recorded in {directory!r:.200}")
        return self.recorded(instance_id)

    def document(self, instance_id: str) -> dict[str, Any] | None:
        """The instance's document, or None where there is no such instance."""
        instance = self._instances.get(instance_id)
        return None if instance is None else document(instance)

    def state(self, instance_id: str) -> str | None:
        """The instance's state, or None where there is no such instance."""
        instance = self._instances.get(instance_id)
        return None if instance is None else instance.state.value

    def statistics(self, instance_id: str) -> Statistics | None:
        """What the instance has done, or None where there is no such instance."""
        instance = self._instances.get(instance_id)
        return None if instance is None else instance.statistics

    def watch(self, instance_id: str) -> None:
        """Somebody looks: pictures are drawn as the instance steps."""
        self._audience.watch(instance_id)

    def unwatch(self, instance_id: str) -> None:
        """One viewer less."""
        self._audience.unwatch(instance_id)

    def _check_room(self, count: int) -> None:
        if reason := self.why_full(count):
            raise (ShuttingDown if self._is_ending else LimitReached)(reason)
        self.allowances.check(count)

    def _enter(self, make: Make, dialect: Dialect, choices: Choices, limits: Limits) -> Instance:
        instance_id, folder = instance_folder.new_folder(self._config.data_dir)
        with instance_folder.writing():
            instance = Instance(
                instance_id,
                make,
                folder,
                self._new_worker,
                dialect=dialect,
                limits=limits,
                queue_length=self._config.queue_length,
                observer=self.metrics,
                on_crash=choices.on_crash,
                labels=choices.labels,
            )
        self._instances[instance_id] = instance
        self.owners.enter(instance_id)
        return instance

    def _new_worker(self, instance: Instance) -> Worker:
        worker = LocalWorker(
            self._starter,
            self._cgroups,
            self._load,
            instance.instance_id,
            instance.env_id,
            instance.folder,
            instance.limits,
            self._confinement,
            max(self._config.max_body_bytes, self._config.max_message_bytes),
            self._config.max_reply_bytes,
        )
        instance.hold = worker.hold
        return worker

    def _new_asked_worker(self, folder: Path) -> Worker:
        """A worker without an instance, for questions about environments."""
        config = self._config
        rest = config.limits, self._confinement, config.max_body_bytes, config.max_reply_bytes
        return LocalWorker(self._starter, self._cgroups, self._load, "registry", "", folder, *rest)


def _recorded(instance: Instance) -> Recorded:
    threshold = instance.made.reward_threshold if instance.made else None
    return Recorded(instance.instance_id, instance.env_id, threshold, instance.is_recording)


def _remember(memory: dict[str, T], key: str, value: T) -> None:
    """The newest of a bounded number."""
    memory[key] = value
    if len(memory) > _REMEMBERED:
        del memory[next(iter(memory))]
