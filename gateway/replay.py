"""Retries that are safe: a request that repeats the key of the last one gets its outcome, and nothing happens again.

The keys are those of the header Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header).
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Generic, TypeVar

from protocol.errors import GymServerError, InvalidField

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

was_replayed: ContextVar[bool] = ContextVar("was_replayed", default=False)
"""Set in the context of a request whose outcome is a stored one."""


class Replay(Generic[Request, Outcome]):
    """The last request with a key, and what became of it, an error included."""

    def __init__(self) -> None:
        self._last: tuple[str, Request, Outcome | GymServerError] | None = None

    async def once(self, key: str, request: Request, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """The outcome of the request; run only if the key is not that of the last one.

        Raises:
            InvalidField: the key is the last one's, and the request another.
        """
        if self._last and self._last[0] == key:
            _, before, outcome = self._last
            if before != request:
                raise InvalidField("the Idempotency-Key was used with another request; use a new key for a new request")
            was_replayed.set(True)
        else:
            try:
                outcome = await run()
            except GymServerError as error:
                outcome = error
            self._last = (key, request, outcome)
        if isinstance(outcome, GymServerError):
            raise outcome
        return outcome
