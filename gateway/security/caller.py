"""Who is asking: the holder of a token, as the rest of the gateway may know it. Knows no HTTP.

`current` is set for the time of a request, and for everything that it starts. Without tokens, and for what the server
does by itself, it is None: nothing is hidden from that.
"""

import math
import time
from contextvars import ContextVar

from gateway.security.rates import Bucket
from gateway.security.tokens import Role, Token
from protocol.errors import LimitReached

_MAX_SOCKETS = 256


class Caller:
    """The holder of a token, and what it uses of its quotas."""

    __slots__ = ("_bucket", "_sockets", "name", "quotas", "role", "sees")

    def __init__(self, token: Token) -> None:
        self.name = token.name
        self.role: Role = token.role
        self.sees = token.sees
        self.quotas = token.quotas
        self._sockets = 0
        rate = token.quotas.requests_per_s
        self._bucket = None if rate is None else Bucket(rate, math.ceil(rate), time.monotonic())

    def count(self) -> None:
        """One request more.

        Raises:
            LimitReached: it is one too many.
        """
        if refusal := self.one_more():
            raise refusal

    def one_more(self) -> LimitReached | None:
        """One request more; the reason against it, if it is one too many."""
        if self._bucket is None or not (wait_s := self._bucket.take(time.monotonic())):
            return None
        detail = f"{self.name} may send {self.quotas.requests_per_s:g} requests a second"
        return LimitReached(detail, retry_after_s=math.ceil(wait_s))

    def open_socket(self) -> None:
        """One socket more.

        Raises:
            LimitReached: it has as many as it may.
        """
        most = self.quotas.sockets or _MAX_SOCKETS
        if self._sockets >= most:
            raise LimitReached(f"{self.name} has {most} sockets open already, which is the limit")
        self._sockets += 1

    def close_socket(self) -> None:
        """One socket less."""
        self._sockets -= 1

    def may_see(self, owner: str | None) -> bool:
        """Whether instances of that holder exist for this one."""
        return self.sees is None or owner in self.sees


current: ContextVar[Caller | None] = ContextVar("caller", default=None)


def own(text: str) -> str:
    """A name that a caller has chosen, kept apart from the same one of another caller."""
    caller = current.get()
    return text if caller is None else f"{caller.name}\0{text}"
