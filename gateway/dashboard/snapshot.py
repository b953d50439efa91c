"""All rows at one moment, as the messages that bring a page there; each is encoded once, however many pages look."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.dashboard.rows import Row

_SIGN_OF_LIFE_S = 5.0


class Snapshot:
    """The newest rows, and how they differ from those before; `version` grows whenever there is something to tell.

    A message is `{"now", "whole", "rows": {id: fields}, "gone": [ids], "machine"}`: a whole one has every field of
    every row, any other only those that are new. Now and then one is a mere sign of life.
    """

    def __init__(self) -> None:
        self.version = 0
        self.rows: Mapping[str, Row] = {}
        self._whole: str | None = None
        self._change = ""
        self._told: dict[str, Any] = {}
        self._told_at = 0.0

    def turn(self, rows: Mapping[str, Row], machine: Mapping[str, float], now: float) -> bool:
        """Whether there is something to tell, now that these are the rows; `now` in seconds of the epoch."""
        before, self.rows = self.rows, rows
        changed = {name: fields for name, row in rows.items() if (fields := _changes(before.get(name, {}), row))}
        gone = [name for name in before if name not in rows]
        if self.version and not (changed or gone) and now - self._told_at < _SIGN_OF_LIFE_S:
            return False
        self._told_at = now
        self._told = {"now": round(now, 1), "machine": machine}
        self._change = _encoded(self._told | {"whole": False, "rows": changed, "gone": gone})
        self._whole = None
        self.version += 1
        return True

    def message(self, version: int) -> str:
        """What brings one who has this version to the newest; the whole to one who missed some, or has none."""
        if 0 < version == self.version - 1:
            return self._change
        if self._whole is None:
            self._whole = _encoded(self._told | {"whole": True, "rows": self.rows, "gone": []})
        return self._whole


def _changes(before: Row, after: Row) -> Row:
    return {name: value for name, value in after.items() if name not in before or before[name] != value}


def _encoded(message: Mapping[str, Any]) -> str:
    return msgspec.json.encode(message).decode()
