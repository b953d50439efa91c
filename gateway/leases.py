"""Leases: instances that live as long as the socket on which they were made, or one that takes its place in time."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable

from gateway.security.caller import own
from protocol.errors import GymServerError, LimitReached

_MAX_LEASES = 10_000
log = logging.getLogger(__name__)


class Lease:
    """The instances of one socket, and of those that came before it with the same id."""

    def __init__(self, lease_id: str, grace_s: float) -> None:
        self.lease_id = lease_id
        self.key = own(lease_id)
        self.grace_s = grace_s
        self.instance_ids: set[str] = set()
        self.holders = 0
        self.timer: asyncio.TimerHandle | None = None
        self.has_run_out = False


class Leases:
    """All leases; `close` ends an instance."""

    def __init__(self, close: Callable[[str], Awaitable[None]]) -> None:
        self._close = close
        self._leases: dict[str, Lease] = {}
        self._endings: set[asyncio.Task[None]] = set()

    def take(self, lease_id: str | None, grace_s: float) -> Lease:
        """The lease with that id, whose time does not run any more; a new one if there is none.

        Raises:
            LimitReached: there are too many.
        """
        lease = self._leases.get(own(lease_id)) if lease_id else None
        if lease is None:
            if len(self._leases) >= _MAX_LEASES:
                raise LimitReached(f"{len(self._leases)} leases are held already")
            lease = Lease(lease_id or secrets.token_hex(16), grace_s)
            self._leases[lease.key] = lease
        if lease.timer:
            lease.timer.cancel()
            lease.timer = None
        lease.grace_s = grace_s
        lease.holders += 1
        return lease

    def leave(self, lease: Lease) -> None:
        """A socket has gone; after the grace period, so have the instances, unless another takes the lease."""
        lease.holders -= 1
        if lease.holders == 0:
            lease.timer = asyncio.get_running_loop().call_later(lease.grace_s, self._expire, lease)

    def add(self, lease: Lease, instance_ids: Iterable[str]) -> None:
        """The instances live as long as the lease; not at all if they were made too late for it."""
        lease.instance_ids.update(instance_ids)
        if lease.has_run_out:
            self._end_all(lease)

    def _expire(self, lease: Lease) -> None:
        del self._leases[lease.key]
        lease.has_run_out = True
        log.info("a lease has run out, with %d instances", len(lease.instance_ids))
        self._end_all(lease)

    def _end_all(self, lease: Lease) -> None:
        while lease.instance_ids:
            task = asyncio.ensure_future(self._end(lease.instance_ids.pop()))
            self._endings.add(task)
            task.add_done_callback(self._endings.discard)

    async def _end(self, instance_id: str) -> None:
        try:
            await self._close(instance_id)
        except GymServerError as error:
            log.info("%s: not closed with its lease: %s", instance_id, error)
