"""The part of a long list that a request asks for with `?limit=` and `?offset=`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from protocol.errors import InvalidField
from protocol.messages import FieldError

_NUMBER = re.compile(r"[0-9]{1,9}")
_MAX_LIMIT = 1000
_DEFAULT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` things after the first `offset`."""

    limit: int
    offset: int

    @property
    def end(self) -> int:
        """How many things lie before the end of the window."""
        return self.offset + self.limit

    def following(self, total: int) -> "Window | None":
        """The next one, unless this one reaches the last of `total` things."""
        return Window(self.limit, self.end) if self.end < total else None

    def preceding(self) -> "Window | None":
        """The one before, unless this is the first."""
        return Window(self.limit, max(0, self.offset - self.limit)) if self.offset else None

    def query(self) -> str:
        """The window as the query of a URL."""
        return f"?limit={self.limit}&offset={self.offset}"


def read_window(query: Mapping[str, str]) -> Window:
    """The window that a query asks for: 1 to 1,000 things, 100 if it does not say.

    Raises:
        InvalidField: limit or offset is no such number.
    """
    return Window(
        _number(query, "limit", _DEFAULT_LIMIT, range(1, _MAX_LIMIT + 1)),
        _number(query, "offset", 0, range(10**9)),
    )


def _number(query: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = query.get(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) and int(text) in allowed:
        return int(text)
    message = f"must be a whole number from {allowed[0]} to {allowed[-1]}"
    raise InvalidField(f"{name} {message}", errors=(FieldError(f"$.{name}", message),))
