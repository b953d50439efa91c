"""What can be made here. Asked of workers of their own, which may die of the question, and remembered.

Environments that share the code that makes them stand or fall together, so one of each such group is tried.
"""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from gateway.workers.base import Worker, WorkerLost
from protocol import codec
from protocol.errors import GymServerError, UnknownEnvironment
from protocol.folder import FOLDERS
from protocol.messages import AnyCommand, AnyReply, Fragment, ListRegistry, Made, Make, Probe

_DEADLINE_S = 15.0
_MAX_REMEMBERED = 2000
log = logging.getLogger(__name__)


class Registry:
    """The environments of this machine; `new_worker` makes a worker that has the folder to itself."""

    def __init__(
        self, new_worker: Callable[[Path], Worker], imports: tuple[str, ...], is_permitted: Callable[[str], bool]
    ) -> None:
        self._new_worker = new_worker
        self._imports = imports
        self._is_permitted = is_permitted
        self._entries: dict[str, dict[str, Any]] | None = None
        self._listing: list[dict[str, Any]] | None = None
        self._details: dict[str, dict[str, Any]] = {}
        self._asking = asyncio.Lock()

    async def listing(self) -> list[dict[str, Any]]:
        """One object for each environment, with what is known of whether it can be made; slow the first time."""
        async with self._asking:
            if self._listing is None:
                self._listing = await self._ask_for_all()
            return self._listing

    async def details(self, env_id: str) -> dict[str, Any]:
        """The environment's object, with its spaces, or with the `reason` why it cannot be made here.

        Raises:
            UnknownEnvironment: there is none of that id.
        """
        async with self._asking:
            if self._entries is None:
                async with _Asked(self._new_worker) as worker:
                    self._entries = await self._list(worker)
            if env_id not in self._entries:
                raise UnknownEnvironment(f"No environment is registered under '{env_id}'; GET /v2/registry lists all")
            if env_id not in self._details:
                if len(self._details) >= _MAX_REMEMBERED:
                    self._details.clear()
                self._details[env_id] = self._entries[env_id] | await self._try(env_id)
        return _public(self._details[env_id])

    async def _try(self, env_id: str) -> dict[str, Any]:
        nothing = {"makeable": False, "render_modes": [], "action_space": None, "observation_space": None}
        async with _Asked(self._new_worker) as worker:
            try:
                made = await worker.ask(Make(env_id, imports=self._imports))
            except (GymServerError, WorkerLost) as error:
                return nothing | {"reason": _reason(error)}
        assert isinstance(made, Made)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        spaces = {
            "action_space": msgspec.json.decode(made.action_space),
            "observation_space": msgspec.json.decode(made.observation_space),
        }
        return {"makeable": True, "reason": None, "render_modes": list(made.render_modes), **spaces}

    async def _ask_for_all(self) -> list[dict[str, Any]]:
        async with _Asked(self._new_worker) as worker:
            entries = await self._list(worker)
            groups: dict[str, dict[str, Any]] = {}
            for env_id, entry in entries.items():
                if entry["group"] not in groups:
                    groups[entry["group"]] = await self._probe(worker, env_id)
        log.info("%d environments are registered, of %d kinds", len(entries), len(groups))
        self._entries = entries
        return [_public(entry | groups[entry["group"]]) for entry in entries.values()]

    async def _list(self, worker: "_Asked") -> dict[str, dict[str, Any]]:
        reply = await worker.ask(ListRegistry(self._imports))
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        entries = msgspec.json.decode(reply.body, type=list[dict[str, Any]])
        return {entry["env_id"]: entry for entry in entries if self._is_permitted(entry["env_id"])}

    async def _probe(self, worker: "_Asked", env_id: str) -> dict[str, Any]:
        try:
            reply = await worker.ask(Probe(env_id, self._imports))
        except (GymServerError, WorkerLost) as error:
            log.debug("%s cannot be made: %s", env_id, error)
            return {"render_modes": [], "makeable": False}
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return msgspec.json.decode(reply.body, type=dict[str, Any]) | {"makeable": True}


class _Asked:
    """Workers for questions: when one dies of a question, the next question has another."""

    def __init__(self, new_worker: Callable[[Path], Worker]) -> None:
        self._new_worker = new_worker
        self._folder = tempfile.TemporaryDirectory(prefix="gym-server-")
        self._worker: Worker | None = None

    async def __aenter__(self) -> Self:
        for name in FOLDERS:
            (Path(self._folder.name) / name).mkdir()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._worker and not self._worker.ended.done():
            self._worker.kill("killed")
            await asyncio.shield(self._worker.ended)
        self._folder.cleanup()

    async def ask(self, command: AnyCommand) -> AnyReply:
        """The reply; raises what the worker answered, or `WorkerLost`."""
        if self._worker is None or self._worker.ended.done():
            self._worker = self._new_worker(Path(self._folder.name))
            await self._worker.start(_DEADLINE_S)
        reply = codec.outcome(await self._worker.call(codec.encode(command), _DEADLINE_S))
        if isinstance(reply, GymServerError):
            raise reply
        return reply


def _reason(error: GymServerError | WorkerLost) -> str:
    if isinstance(error, GymServerError):
        return error.detail
    return f"its process ended while it was made ({error.ending.cause})"


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "group"}
