"""Which environments may be made, and with what arguments: by patterns of ids, by size, and by what arguments name."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec

from protocol.errors import InvalidField
from protocol.messages import FieldError, Make

_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 8
_MAX_VALUES = 10_000
_NAMING = re.compile(
    r"(^|_)(files?|filenames?|paths?|dirs?|directory|directories|folders?|ur[il]s?|hosts?|hostname|ports?|address(es)?"
    r"|endpoint|server|proxy|programs?|commands?|cmd|exe|executables?|binary|scripts?|shell|modules?|plugins?|library)$",
    re.IGNORECASE,
)
_TOO_MUCH = f"is more than {_MAX_DEPTH} levels deep, or one of over {_MAX_VALUES} values"
_NAMES = "names a file, a program or an address, which the server allows by --allow-kwargs"
_NAMED = re.compile(r"[/\\]|^~|^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Permitted(msgspec.Struct, frozen=True):
    """Patterns as a shell's: ids that may be made (none: all), ids that may not, arguments that may name files."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    kwargs: tuple[str, ...] = ()

    def includes(self, env_id: str) -> bool:
        """Whether environments of this id may be made; what stands before a colon is a module and does not count."""
        env_id = env_id.rpartition(":")[2]
        allowed = not self.allow or any(fnmatchcase(env_id, pattern) for pattern in self.allow)
        return allowed and not any(fnmatchcase(env_id, pattern) for pattern in self.deny)

    def check_id(self, env_id: str) -> None:
        """Nothing.

        Raises:
            InvalidField: environments of this id may not be made.
        """
        if not self.includes(env_id):
            raise InvalidField.at("$.env_id", f"the operator of this server does not allow {env_id!r:.200}")

    def check(self, make: Make) -> None:
        """Nothing.

        Raises:
            InvalidField: the environment may not be made, or not with these arguments; the error names each.
        """
        self.check_id(make.env_id)
        errors = list(self._errors("$.kwargs", make.kwargs, make))
        for index, wrapper in enumerate(make.wrappers):
            errors += self._errors(f"$.wrappers[{index}].kwargs", wrapper.kwargs, make)
        if errors:
            raise InvalidField("; ".join(f"{e.path} {e.message}" for e in errors[:10]), errors=tuple(errors[:100]))

    def _errors(self, path: str, raw: bytes, make: Make) -> Iterator[FieldError]:
        if not raw:
            return
        if len(raw) > _MAX_BYTES:
            yield FieldError(path, f"has {len(raw)} bytes, {_MAX_BYTES} are allowed")
            return
        try:
            value = _decoded(raw, make)
        except (msgspec.DecodeError, RecursionError, ValueError):
            yield FieldError(path, "cannot be read, or is nested too deeply")
            return
        for number, found in enumerate(_within(_Found(path, "", value, 0))):
            if found.depth > _MAX_DEPTH or number > _MAX_VALUES:
                yield FieldError(found.path[:256], _TOO_MUCH)
                return
            if self._names_something(found):
                yield FieldError(found.path[:256], _NAMES)

    def _names_something(self, found: "_Found") -> bool:
        value = found.value
        if value is None or isinstance(value, bool | dict) or any(fnmatchcase(found.name, p) for p in self.kwargs):
            return False
        if isinstance(value, str) and _NAMED.search(value):
            return True
        return bool(_NAMING.search(found.name)) and not isinstance(value, list)


class _Found(NamedTuple):
    """A value somewhere in the arguments; `name` is that of the innermost member it belongs to."""

    path: str
    name: str
    value: Any
    depth: int


def _within(outer: _Found) -> Iterator[_Found]:
    """The value and all that are in it, down to one level more than are allowed."""
    yield outer
    if outer.depth > _MAX_DEPTH:
        return
    inner: Sequence[_Found] = ()
    if isinstance(outer.value, dict):
        inner = [_Found(f"{outer.path}.{k}", str(k), v, outer.depth + 1) for k, v in outer.value.items()]
    elif isinstance(outer.value, list):
        inner = [_Found(f"{outer.path}[{i}]", outer.name, v, outer.depth + 1) for i, v in enumerate(outer.value)]
    for found in inner:
        yield from _within(found)


def _decoded(raw: bytes, make: Make) -> Any:
    if make.reads == "json":
        return msgspec.json.decode(raw)
    return msgspec.msgpack.decode(raw, ext_hook=lambda _code, _data: None)  # an array names nothing
