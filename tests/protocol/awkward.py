"""What environments put into observations and infos without a thought for whoever has to write it down."""

import datetime as dt
import enum
import uuid
from collections import OrderedDict, namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from gymnasium.spaces import GraphInstance
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype, scalar_dtypes

Pair = namedtuple("Pair", ["left", "right"])  # noqa: PYI024 - a tuple with names and no types


class Unshowable:
    """Its repr raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Unreadable(Mapping[str, int]):
    """A mapping that raises when it is looked into."""

    def __getitem__(self, key: str) -> int:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 3

    def __repr__(self) -> str:
        return "Unreadable()"


class Colour(enum.Enum):
    """A value with a name."""

    RED = "red"


class Level(enum.IntEnum):
    """A number with a name."""

    HIGH = 3


class Word(str):
    """A string that does not print as itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


@dataclass
class Point:
    """No dict, however much it looks like one."""

    x: int


def shown(text: str) -> dict[str, str]:
    """What stands for a value without a form of its own."""
    return {"$repr": text}


AWKWARD: list[tuple[Any, Any]] = [
    # numbers
    (-0.0, -0.0),
    (5e-324, 5e-324),
    (2**64 - 1, 2**64 - 1),
    (-(2**63), -(2**63)),
    (2**64, shown("18446744073709551616")),
    (-(2**63) - 1, shown("-9223372036854775809")),
    (10**5000, shown("<int whose repr failed: ValueError>")),
    (np.bool_(1), True),
    (np.int8(-5), -5),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.float16(0.5), 0.5),
    (np.longdouble(1.5), 1.5),
    (1j, shown("1j")),
    (np.complex64(1j), shown("np.complex64(1j)")),
    # texts
    ("null true NaN", "null true NaN"),
    ('é\0"\\\u2028😀', 'é\0"\\\u2028😀'),
    ("\ud800", shown("'\\ud800'")),
    (Word("word"), "word"),
    (np.str_("word"), "word"),
    (b"bytes", shown("b'bytes'")),
    (bytearray(b"x"), shown("bytearray(b'x')")),
    (np.bytes_(b"x"), shown("np.bytes_(b'x')")),
    # what has a value of its own
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (np.datetime64("2026-01-02"), "2026-01-02T00:00:00"),
    # and what has none
    (np.datetime64("NaT"), shown(repr(np.datetime64("NaT")))),
    (np.timedelta64(1, "s"), shown("np.timedelta64(1,'s')")),
    (np.array([5], "m8[ns]"), [shown("np.timedelta64(5,'ns')")]),
    (dt.date(2026, 1, 2), shown("datetime.date(2026, 1, 2)")),
    (dt.time(1, 2), shown("datetime.time(1, 2)")),
    ({1}, shown("{1}")),
    (range(3), shown("range(0, 3)")),
    (Ellipsis, shown("Ellipsis")),
    (int, shown("<class 'int'>")),
    (Point(1), shown("Point(x=1)")),
    (Unreadable(), shown("Unreadable()")),
    (Unshowable(), shown("<Unshowable whose repr failed: RuntimeError>")),
    # arrays of what is no number
    (np.array([1, "a", None, b"x", [1.5]], object), [1, "a", None, shown("b'x'"), [1.5]]),
    (np.array("a", object), "a"),
    (np.array(["a", "bc"]), ["a", "bc"]),
    (np.array([b"a"]), [shown("np.bytes_(b'a')")]),
    (np.array(["2026-01-02"], "M8[D]"), ["2026-01-02T00:00:00"]),
    (np.array([["2026", "NaT"]], "M8[Y]"), [["2026-01-01T00:00:00", shown("np.datetime64('NaT','Y')")]]),
    (np.zeros(1, [("x", "i4")]), [shown("np.void((0,), dtype=[('x', '<i4')])")]),
    # containers
    (Pair(1, (1.5, None)), [1, [1.5, None]]),
    (OrderedDict(b=1), {"b": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (GraphInstance([1], None, None), {"nodes": [1], "edges": None, "edge_links": None}),
    # keys
    ({1: 2, None: 3, 1.5: 5}, {"1": 2, "null": 3, "1.5": 5}),
    ({True: 1, False: 0}, {"true": 1, "false": 0}),
    ({1: "number", "1": "text"}, {"1": "number", "1 (str)": "text"}),
    ({np.int64(7): 0}, {"7": 0}),
    ({np.str_("word"): 0}, {"word": 0}),
    ({(1, 2): 0}, {"(1, 2)": 0}),
    ({b"k": 0}, {"b'k'": 0}),
    ({Colour.RED: 0}, {"red": 0}),
    ({"\ud800": 0}, {"\\ud800": 0}),
    ({float("nan"): 0}, {"nan": 0}),
    ({2**70: 0}, {"1180591620717411303424": 0}),
    ({10**5000: 0}, {"<int whose repr failed: ValueError>": 0}),
]
"""A value, and what JSON and MessagePack both make of it."""


def as_object_array(parts: list[Any]) -> np.ndarray[Any, Any]:
    """An array of Python objects."""
    array = np.empty(len(parts), object)
    array[:] = parts
    return array


_any_text = st.text(st.characters())
_keys = st.one_of(_any_text, st.integers(), st.none(), st.floats(), st.binary())
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    _any_text,
    st.binary(),
    st.sampled_from(range(len(AWKWARD))).map(lambda index: AWKWARD[index][0]),
    arrays(scalar_dtypes(), array_shapes(min_dims=0, max_side=3)),
    scalar_dtypes().flatmap(from_dtype),
)

values = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(as_object_array),
        st.dictionaries(_keys, inner, max_size=4),
    ),
    max_leaves=10,
)
"""Anything at all."""
