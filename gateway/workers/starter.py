"""Where workers come from: the fork server, or a template that has the imports of their environment behind it.

The first instance of an environment comes from the fork server, and imports what it needs. Meanwhile a template does
the same; if that proves to be much, later instances are forked from it, and share its memory as well.
"""

import asyncio
import contextlib
import logging
import multiprocessing
from multiprocessing.connection import Connection
from typing import Any

from gateway.workers.child import Child, readable
from gateway.workers.forkserver import ForkServer
from gateway.workers.template import Template, TemplateGone
from worker.entry import run_nothing, run_worker

_MAX_TEMPLATES = 8
_MAX_SEARCHES = 2  # at a time: each keeps a core busy
_WARM_S = 30.0
_PATIENCE_S = 5.0  # for a template that is about to be ready: to import the same once more takes as long
log = logging.getLogger(__name__)


class Starter:
    """Starts workers; `close` when there shall be no more."""

    def __init__(self, forkserver: ForkServer, imports: tuple[str, ...]) -> None:
        self._forkserver = forkserver
        self._imports = imports
        self._searches: dict[str, asyncio.Task[Template | None]] = {}
        self._by_kind: dict[str, Template] = {}

    async def warm_up(self) -> None:
        """The first instance need not wait for the fork server's imports; returns after a while in any case."""
        ours, theirs = multiprocessing.Pipe()
        with contextlib.closing(ours):
            child = await self._forkserver.start(run_nothing, theirs, ())
            try:
                await readable(child.sentinel, _WARM_S)
                child.exit_code()
            except TimeoutError:
                log.warning("the fork server is not warm after %.0f s", _WARM_S)
            finally:
                child.close()

    async def start(self, env_id: str, connection: Connection, arguments: tuple[Any, ...]) -> Child:
        """A new process that runs a worker with these arguments; `connection` is closed here once it has it."""
        if env_id and (template := await self._template(env_id)):
            try:
                return await template.fork(connection, arguments)
            except TemplateGone:
                log.warning(
                    "the template of %s has ended; from here on each of its workers imports anew", template.kind
                )
                self._by_kind.pop(template.kind, None)
        return await self._forkserver.start(run_worker, connection, arguments)

    async def close(self) -> None:
        """No template is left."""
        for search in self._searches.values():
            search.cancel()
        await asyncio.gather(*self._searches.values(), return_exceptions=True)
        for template in self._by_kind.values():
            template.end()

    async def _template(self, env_id: str) -> Template | None:
        search = self._searches.get(env_id)
        if search is None:
            under_way = sum(not search.done() for search in self._searches.values())
            if under_way < _MAX_SEARCHES:
                self._searches[env_id] = asyncio.create_task(self._search(env_id))
            return None
        if not search.done():
            await asyncio.wait([search], timeout=_PATIENCE_S)
        template = search.result() if search.done() and not search.cancelled() else None
        return template if template and self._by_kind.get(template.kind) is template else None

    async def _search(self, env_id: str) -> Template | None:
        """The template for the environment, a new one unless there is one of its kind; None if it needs none."""
        try:
            new = await Template.start(self._forkserver, env_id, self._imports)
        except TemplateGone:
            return None
        try:
            kind = await new.tell_kind()
            if not kind:
                del self._searches[env_id]  # whatever a client may think of shall not be remembered
            elif known := self._by_kind.get(kind):
                return known if await asyncio.shield(known.is_ready) else None
            elif len(self._by_kind) < _MAX_TEMPLATES:
                return await self._warmed_up(new)
            return None
        finally:
            if self._by_kind.get(new.kind) is not new:
                new.end()

    async def _warmed_up(self, new: Template) -> Template | None:
        self._by_kind[new.kind] = new
        if await new.warm_up():
            log.info("workers of %s are forked from a template from here on", new.kind)
            return new
        del self._by_kind[new.kind]
        return None
