"""Retries that are safe: a request that repeats the key of the last one gets its outcome, and nothing happens again.

The keys are those of the header Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header).
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Generic, NamedTuple, TypeVar

from protocol.errors import GymServerError, InvalidField

Request = TypeVar("Request")
Outcome = TypeVar("Outcome")

was_replayed: ContextVar[bool] = ContextVar("was_replayed", default=False)
"""Set in the context of a request whose outcome is a stored one."""


class Key(NamedTuple):
    """A client's key; that of a batch, whose digest is `batch`, comes to an instance once for each of its parts."""

    text: str
    batch: bytes = b""
    part: int = 0


def key_reused() -> InvalidField:
    """The key came before, with another request."""
    return InvalidField("the Idempotency-Key was used with another request; use a new key for a new request")


class Replay(Generic[Request, Outcome]):
    """The last key, the requests that came with it, and what became of them, errors included."""

    def __init__(self) -> None:
        self._last: Key | None = None
        self._outcomes: dict[int, tuple[Request, Outcome | GymServerError]] = {}

    def check(self, key: Key) -> None:
        """The key is new, or goes on with the batch that it came with.

        Raises:
            InvalidField: it came with another one.
        """
        if self._last and self._last.text == key.text and self._last.batch != key.batch:
            raise key_reused()

    def is_new(self, key: Key) -> bool:
        """Whether nothing has come with this key of late."""
        return self._last is None or self._last.text != key.text

    def keep(self, key: Key, request: Request, outcome: Outcome | GymServerError) -> None:
        """What became of a request with a new key, which was run elsewhere."""
        self._last, self._outcomes = key, {key.part: (request, outcome)}

    async def once(self, key: Key, request: Request, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """The outcome of the request; run only if the key is not that of the last one.

        Raises:
            InvalidField: the key is the last one's, and the request another.
        """
        self.check(key)
        if self.is_new(key):
            self._last, self._outcomes = key, {}
        if key.part in self._outcomes:
            before, outcome = self._outcomes[key.part]
            if before != request:
                raise key_reused()
            was_replayed.set(True)
        else:
            try:
                outcome = await run()
            except GymServerError as error:
                outcome = error
            self._outcomes[key.part] = (request, outcome)
        if isinstance(outcome, GymServerError):
            raise outcome
        return outcome
