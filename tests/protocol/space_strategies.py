"""Hypothesis strategies: every space of Gymnasium, nested, and what clients may send for a member of one."""

from typing import Any

import numpy as np
from gymnasium import spaces
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

DERANDOMISED = settings(derandomize=True, deadline=None, database=None, max_examples=150)
"""The same examples on every run, on every machine."""

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
SHAPES = ((), (1,), (3,), (0,), (2, 3), (1, 2, 2), (3, 0))
_MOST = 2**53  # beyond it Box.sample itself leaves its bounds

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
"""Unicode without lone surrogates; NumPy, with which Text samples, loses NUL."""


def _limits(dtype: str) -> tuple[int, int]:
    bounds = np.iinfo(dtype)
    return max(bounds.min, -_MOST), min(bounds.max, _MOST)


@st.composite
def discretes(draw: st.DrawFn) -> spaces.Discrete[Any]:
    """Any start, any n that its dtype can hold."""
    dtype = draw(st.sampled_from(INTEGERS))
    low, high = _limits(dtype)
    start = draw(st.integers(low, high))
    n = draw(st.integers(1, min(high - start + 1, np.iinfo(dtype).max)))
    return spaces.Discrete(n, start=start, dtype=dtype)


@st.composite
def boxes(draw: st.DrawFn, shapes: tuple[tuple[int, ...], ...] = SHAPES) -> spaces.Box[Any]:
    """Every dtype; one pair of bounds for all elements, or one for each; infinite ones for floats."""
    dtype = np.dtype(draw(st.sampled_from((*INTEGERS, *FLOATS, "bool"))))
    shape = draw(st.sampled_from(shapes))
    count = 1 if draw(st.booleans()) else int(np.prod(shape))
    pairs = draw(st.lists(_bounds(dtype), min_size=count, max_size=count))
    ends = np.array(pairs, dtype).reshape(count, 2)
    low, high = (np.broadcast_to(end if count != 1 else end[0], end.size if count != 1 else shape) for end in ends.T)
    return spaces.Box(low.reshape(shape).copy(), high.reshape(shape).copy(), shape, dtype)


def _bounds(dtype: np.dtype[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    if dtype.kind == "b":
        ends: st.SearchStrategy[Any] = st.booleans()
    elif dtype.kind in "iu":
        ends = st.integers(*_limits(dtype.name))
    else:
        width: Any = 8 * dtype.itemsize
        return st.tuples(
            st.floats(-60_000, 0, width=width) | st.just(-np.inf), st.floats(0, 60_000, width=width) | st.just(np.inf)
        )
    return st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))


def multi_binaries() -> st.SearchStrategy[spaces.MultiBinary]:
    """Flat, or with several axes."""
    return st.builds(spaces.MultiBinary, st.integers(1, 5) | st.lists(st.integers(1, 3), min_size=1, max_size=3))


@st.composite
def multi_discretes(draw: st.DrawFn) -> spaces.MultiDiscrete[Any]:
    """Flat or nested nvec, each element with a start of its own."""
    dtype = draw(st.sampled_from(INTEGERS))
    shape = draw(st.sampled_from([shape for shape in SHAPES if shape and 0 not in shape]))
    low, high = _limits(dtype)
    count = int(np.prod(shape))
    starts = draw(st.lists(st.integers(low, high), min_size=count, max_size=count))
    counts = [draw(st.integers(1, min(high - start + 1, np.iinfo(dtype).max))) for start in starts]
    return spaces.MultiDiscrete(
        np.array(counts, dtype).reshape(shape), dtype=dtype, start=np.array(starts, dtype).reshape(shape)
    )


@st.composite
def texts_of(draw: st.DrawFn) -> spaces.Text:
    """Any characters, in an order of their own or in none."""
    least = draw(st.integers(0, 3))
    characters = draw(texts.filter(bool))
    charset = characters if draw(st.booleans()) else frozenset(characters)
    return spaces.Text(draw(st.integers(least, 6)), min_length=least, charset=charset)


def graphs() -> st.SearchStrategy[spaces.Graph]:
    """With and without edges."""
    features = discretes() | boxes(tuple(shape for shape in SHAPES if shape))
    return st.builds(spaces.Graph, features, st.none() | features)


def is_stackable(space: spaces.Space[Any]) -> bool:
    """Whether Gymnasium can take a stack of its members apart again, without a warning."""
    match space:
        case spaces.Box():
            return space.shape != ()
        case spaces.Dict():
            return bool(space.spaces) and all(map(is_stackable, space.spaces.values()))
        case spaces.Tuple():
            return bool(space.spaces) and all(map(is_stackable, space.spaces))
        case _:
            return True


def _composites(inner: st.SearchStrategy[spaces.Space[Any]]) -> st.SearchStrategy[spaces.Space[Any]]:
    some = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(texts, inner, max_size=3)
    return st.one_of(
        st.builds(spaces.Dict, named, sort_keys=st.booleans()),
        st.builds(spaces.Tuple, some | st.just([])),
        st.builds(spaces.OneOf, some),
        st.builds(spaces.Sequence, inner, stack=st.just(False)),
        st.builds(spaces.Sequence, inner.filter(is_stackable), stack=st.just(True)),
    )


all_spaces = st.recursive(
    st.one_of(discretes(), boxes(), multi_binaries(), multi_discretes(), texts_of(), graphs()),
    _composites,
    max_leaves=5,
)
"""Each of the ten, composites down to some depth."""


_oddities = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-2, 2),
    st.integers(-2, 2).map(float),
    st.floats(),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "", "x", [], [0], {}, b"", {"$array": "", "dtype": "<f4"}]),
    arrays(st.sampled_from([*INTEGERS, *FLOATS, "bool", "complex64"]), st.sampled_from([*SHAPES, (2,)])),
)


@st.composite
def altered(draw: st.DrawFn, value: Any) -> Any:
    """The value a client could have sent, with one part of it replaced, left out or sent twice."""
    if isinstance(value, np.ndarray) and draw(st.booleans()):
        with np.errstate(all="ignore"):
            return value.astype(draw(st.sampled_from([*INTEGERS, *FLOATS, "bool"])))
    if not isinstance(value, list | dict) or not value or draw(st.integers(0, 4)) == 0:
        return draw(_oddities)
    key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
    other = value.copy()
    match draw(st.integers(0, 5)):
        case 0:
            del other[key]
        case 1 if isinstance(other, list):
            other.insert(key, other[key])
        case _:
            other[key] = draw(altered(value[key]))
    return other
