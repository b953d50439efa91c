"""Whose instance is whose, where several tokens share a server; also of those that have long been closed.

Kept in memory, and beside an instance's artifacts for the next start of the server.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from gateway.security.caller import current

_FACTS = "instance.json"
_MAX_FACTS_BYTES = 4096


class _Facts(msgspec.Struct):
    owner: str | None = None


class Owners:
    """The holder's name of each instance that was made with a token."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def enter(self, instance_id: str) -> None:
        """The instance belongs to whoever is asking."""
        if caller := current.get():
            self._names[instance_id] = caller.name

    def of(self, instance_id: str) -> str | None:
        """The holder's name; None where nobody in particular has made it."""
        return self._names.get(instance_id)

    def hides(self, instance_id: str) -> bool:
        """Whether the instance does not exist for whoever is asking."""
        caller = current.get()
        return caller is not None and not caller.may_see(self._names.get(instance_id))

    def load(self, data_dir: Path) -> None:
        """The owners of what earlier runs of the server have left are known again; blocks."""
        for path in data_dir.glob(f"*/{_FACTS}"):
            if owner := _owner(path):
                self._names.setdefault(path.parent.name, owner)

    def forget(self, gone: Iterable[str]) -> None:
        """Nothing is left of these instances."""
        for instance_id in gone:
            self._names.pop(instance_id, None)

    def owned(self) -> dict[str, str]:
        """All that are known, by instance."""
        return dict(self._names)


def _owner(path: Path) -> str | None:
    """An environment may have overwritten the file, so it may be anything at all."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_FACTS_BYTES), type=_Facts).owner
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
