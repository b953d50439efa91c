"""Any Python value as one built of what JSON or MessagePack has: nothing is dropped, and nothing raises.

What has no form in either becomes `{"$repr": "…"}`. Only workers import this module; it needs NumPy.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import orjson
from gymnasium.spaces import GraphInstance
from numpy.typing import NDArray

from protocol.arrays import sent_dtype

_LEAVES = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_MAX_DEPTH = 64
_MAX_REPR = 1000
_INTEGERS = range(-(2**63), 2**64)  # what both formats can hold


@dataclass(frozen=True)
class Form:
    """What becomes of a float, of a boolean, and of a whole array of numbers (None: nested lists, for orjson)."""

    number: Callable[[float], Any]
    boolean: Callable[[bool], Any] = bool
    array: Callable[[NDArray[Any]], Any] | None = None


def plain(value: Any, form: Form) -> Any:
    """The value built of null, booleans, integers, floats, strings, lists, objects, and what the form makes.

    Below 64 levels, and where a container lies within itself, it is shown by its `repr`.
    """
    return _Walk(form).plain(value)


def dump_json(value: Any) -> bytes:
    """The value as orjson writes it; a float that is not finite becomes null.

    Raises:
        TypeError: there is something in it that orjson does not know, or would not write in full.
    """
    return orjson.dumps(
        value, default=_dump_numbers, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    )


def shown(value: object) -> dict[str, str]:
    """What has no form is shown, never dropped."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - an environment's __repr__ may raise anything
        text = f"<{type(value).__name__} whose repr failed: {type(error).__name__}>"
    return {"$repr": _valid(text if len(text) <= _MAX_REPR else text[: _MAX_REPR - 1] + "…")}


class _Walk:
    """One walk through a value; `_around` are the containers that it is inside of."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._around: list[int] = []

    def plain(self, value: Any) -> Any:  # noqa: C901, PLR0911 - one flat list of types, the frequent ones first
        match value:
            case None:
                return None
            case bool():
                return self._form.boolean(value)
            case int():
                return int(value) if int(value) in _INTEGERS else shown(value)
            case float():
                return self._form.number(float(value))
            case str():
                text = str.__str__(value)
                return text if _valid(text) == text else shown(text)
            case np.ndarray() | dict() | list() | tuple() | Mapping():
                return self._inside(value)
            case np.timedelta64():  # an integer to NumPy, but in a unit
                return shown(value)
            case np.bool_() | np.integer():
                return self.plain(value.item())
            case np.floating():
                return self._form.number(float(value))
            case Enum():
                return self.plain(value.value)
            case _:
                return _as_orjson(value)

    def _inside(self, container: Any) -> Any:
        if id(container) in self._around or len(self._around) == _MAX_DEPTH:
            return shown(container)
        self._around.append(id(container))
        try:
            return self._array(container) if isinstance(container, np.ndarray) else self._parts(container)
        finally:
            self._around.pop()

    def _parts(self, container: Any) -> Any:
        if isinstance(container, GraphInstance):
            container = container._asdict()
        is_mapping = isinstance(container, (dict, Mapping))
        try:
            parts = list(container.items() if is_mapping else container)
        except Exception:  # noqa: BLE001 - an environment's own mapping may raise anything
            return shown(container)
        return self._object(parts) if is_mapping else [self.plain(part) for part in parts]

    def _object(self, members: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for key, value in members:
            name = _name(key)
            while name in named:  # 1 and "1" are two keys
                name += f" ({type(key).__name__})"
            named[name] = self.plain(value)
        return named

    def _array(self, array: NDArray[Any]) -> Any:
        array = np.asarray(array)
        if self._form.array and sent_dtype(array.dtype) is not None:
            return self._form.array(array)
        if array.ndim == 0:
            return self.plain(array[()])
        match array.dtype.kind:
            case "i" | "u":
                return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
            case "f":
                return self._floats(array)
            case _:
                return [self.plain(part) for part in array]

    def _floats(self, array: NDArray[Any]) -> Any:
        """Nested lists; only those that are not finite go through the form one by one."""
        objects = array.astype(np.float64).astype(object)
        is_odd = ~np.isfinite(array)
        objects[is_odd] = [self._form.number(float(number)) for number in array[is_odd]]
        return objects.tolist()


def _dump_numbers(value: object) -> orjson.Fragment:
    """NumPy's numbers. By itself orjson would take its dates as well, and leave gaps for those that it cannot write."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biuf":
        return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
    raise TypeError


def _as_orjson(value: object) -> Any:
    """What orjson has a form for where we have none (UUIDs, np.datetime64) has the same form everywhere."""
    try:
        return orjson.loads(orjson.dumps(value, option=_LEAVES))
    except TypeError:
        return shown(value)


def _name(key: Any) -> str:
    """A key of a mapping as the name of a member."""
    match key:
        case str():
            return _valid(str.__str__(key))
        case bool() | np.bool_():
            return "true" if key else "false"
        case None:
            return "null"
        case Enum():
            return _name(key.value)
        case np.number():
            return shown(key.item())["$repr"]
        case _:
            return shown(key)["$repr"]


def _valid(text: str) -> str:
    """The text as it can be UTF-8: a lone surrogate is a Python string, but no Unicode."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
