"""Integers and arrays of numbers, exactly, from what a client sent.

Nothing is wrapped or cut off, and only floats are rounded, to the precision of their dtype. An error says where
(`$.action[2]`) and why (`1.7 is above 1.0`). Only workers import this module; it needs NumPy.
"""

import contextlib
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.arrays import read_base64_array
from protocol.errors import BadRequest, InvalidAction

_SPECIAL_FLOATS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
_MAX_WHOLE_FLOAT = 2**53
"""Above it a float may stand for an integer that it is not: whatever was meant has been rounded on the way."""
_PLAIN: dict[str, frozenset[type]] = {"i": frozenset({int}), "u": frozenset({int}), "f": frozenset({int, float})}
"""The Python types that fill an array of each kind without a closer look."""
_MAX_SHOWN = 40


def read_integer(value: Any, path: str) -> int:
    """The integer that the value stands for; JSON knows only numbers, so 1.0 is 1, but true is not.

    Raises:
        InvalidAction: it stands for none.
    """
    if is_array(value):
        array = read_array(value, path)
        value = array.item() if array.ndim == 0 else array
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_WHOLE_FLOAT
    if isinstance(value, bool) or not (isinstance(value, int) or is_whole):
        shown = f" {value!r}" if isinstance(value, float | str) and len(str(value)) < _MAX_SHOWN else ""
        raise InvalidAction.at(path, f"expected an integer, got {name_of(value)}{shown}")
    return int(value)


def read_numbers(
    value: Any, shape: tuple[int, ...], dtype: np.dtype[Any], path: str, *, is_binary: bool = False
) -> NDArray[Any]:
    """A new array of that shape and dtype; booleans are 0 and 1 where `is_binary` or the dtype's own, else refused.

    Raises:
        InvalidAction: the value is no such array.
    """
    kind = "b" if is_binary else dtype.kind
    source = _from_array(value, shape, kind, path) if is_array(value) else _from_lists(value, shape, dtype, kind, path)
    return _cast(source, dtype, kind, path)


def check_bounds(array: NDArray[Any], low: NDArray[Any], high: NDArray[Any], path: str) -> None:
    """Every element lies within its bounds, all three arrays being of one shape; NaN lies within none.

    Raises:
        InvalidAction: one does not; names the first.
    """
    is_within = (array >= low) & (array <= high)
    if is_within.all():
        return
    index = _first(~is_within)
    number, least, most = (_shown(part[index]) for part in (array, low, high))
    reason = "is not a number"
    if array[index] < low[index]:
        reason = f"is below {least}"
    elif array[index] > high[index]:
        reason = f"is above {most}"
    raise InvalidAction.at(_place(path, index), f"{number} {reason}")


def is_array(value: Any) -> bool:
    """Whether the value was sent as an array of bytes."""
    return isinstance(value, np.ndarray) or (isinstance(value, dict) and "$array" in value)


def read_array(value: Any, path: str) -> NDArray[Any]:
    """The array that was sent, of whatever shape and dtype.

    Raises:
        InvalidAction: its parts do not go together.
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        return read_base64_array(value)
    except BadRequest as error:
        raise InvalidAction.at(path, error.detail) from error


def name_of(value: Any) -> str:
    """What the value is, in the words of JSON."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}"
    names = {type(None): "null", bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    names |= {list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def _from_array(value: Any, shape: tuple[int, ...], kind: str, path: str) -> NDArray[Any]:
    array = read_array(value, path)
    if array.dtype.kind not in _TAKEN[kind]:
        raise InvalidAction.at(path, f"expected {_EXPECTED[kind]}, got an array of {array.dtype.name}")
    if array.shape != shape:
        raise InvalidAction.at(path, f"expected shape {list(shape)}, got {list(array.shape)}")
    return array


def _from_lists(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any], kind: str, path: str) -> NDArray[Any]:
    """An array of the dtype where the numbers are plain ones, else of exact Python numbers."""
    numbers = _flat(value, shape)
    if numbers is not None and _PLAIN.get(kind, frozenset()).issuperset(map(type, numbers)):
        with contextlib.suppress(OverflowError, FloatingPointError), np.errstate(over="raise"):
            return np.array(numbers, dtype).reshape(shape)
    return np.array(_exact(value, shape, _READERS[kind], path), object).reshape(shape)


def _flat(value: Any, shape: tuple[int, ...]) -> list[Any] | None:
    """The innermost values of nested lists, None where these are not of that shape."""
    level = [value]
    for size in shape:
        if any(type(part) is not list or len(part) != size for part in level):
            return None
        level = list(chain.from_iterable(level))
    return level


def _exact(value: Any, shape: tuple[int, ...], read_number: Callable[[Any, str], float], path: str) -> Any:
    """The slow way: nested lists of that shape, each number in them read by `read_number`."""
    if not shape:
        return read_number(value, path)
    if not isinstance(value, list):
        raise InvalidAction.at(path, f"expected a list of {shape[0]}, got {name_of(value)}")
    if len(value) != shape[0]:
        raise InvalidAction.at(path, f"expected {shape[0]} values, got {len(value)}")
    return [_exact(part, shape[1:], read_number, f"{path}[{index}]") for index, part in enumerate(value)]


def _read_float(value: Any, path: str) -> float:
    if isinstance(value, str) and value in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidAction.at(path, f"expected a number, got {name_of(value)}")
    return value


def _read_binary(value: Any, path: str) -> int:
    return int(value) if isinstance(value, bool) else read_integer(value, path)


_READERS: dict[str, Callable[[Any, str], float]] = {
    "b": _read_binary, "i": read_integer, "u": read_integer, "f": _read_float,
}  # fmt: skip
_TAKEN = {"b": "biuf", "i": "iuf", "u": "iuf", "f": "iuf"}
"""The kinds of array that are taken for an array of each kind."""
_EXPECTED = {"b": "booleans or 0 and 1", "i": "integers", "u": "integers", "f": "numbers"}


def _cast(source: NDArray[Any], dtype: np.dtype[Any], kind: str, path: str) -> NDArray[Any]:
    """A copy in that dtype, each number checked to be one of it."""
    if kind == "b":
        _refuse(source, (source != 0) & (source != 1), path, "is neither 0 nor 1")
    elif source.dtype != dtype:
        (_check_floats if kind == "f" else _check_integers)(source, dtype, path)
    return source.astype(dtype)


def _check_floats(source: NDArray[Any], dtype: np.dtype[Any], path: str) -> None:
    with np.errstate(over="ignore"):
        is_lost = np.isinf(source.astype(dtype)) & ~np.isinf(source.astype(np.float64))
    _refuse(source, is_lost, path, f"is beyond {dtype.name}")


def _check_integers(source: NDArray[Any], dtype: np.dtype[Any], path: str) -> None:
    if source.dtype.kind == "f":
        source = source.astype(np.float64)
        is_broken = (source != np.floor(source)) | (np.abs(source) > _MAX_WHOLE_FLOAT)
        _refuse(source, is_broken, path, "is not an integer")
    bounds = np.iinfo(dtype)
    _refuse(source, (source < bounds.min) | (source > bounds.max), path, f"is no {dtype.name}")


def _refuse(array: NDArray[Any], is_wrong: Any, path: str, reason: str) -> None:
    """Names the first element that is wrong, if there is one."""
    if np.any(is_wrong):
        index = _first(is_wrong)
        raise InvalidAction.at(_place(path, index), f"{_shown(array[index])} {reason}")


def _first(is_wrong: Any) -> tuple[int, ...]:
    """The index of the first element that is true."""
    return tuple(np.argwhere(is_wrong)[0].tolist())


def _place(path: str, index: tuple[int, ...]) -> str:
    return path + "".join(f"[{position}]" for position in index)


def _shown(number: Any) -> str:
    """In the fewest digits that tell it from its neighbours of the same dtype: 1.7, not 1.7000000476837158."""
    if isinstance(number, np.bool_):
        return str(number).lower()
    if np.isfinite(number):
        return str(number)
    return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"
