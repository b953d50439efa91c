"""Observations and infos as they are written: strict, exact, and nothing dropped, whatever an environment returns."""

import base64
import enum
import json
from typing import Any, Literal, get_args

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.messages import Style
from protocol.values import read, write, write_info
from tests.protocol.awkward import AWKWARD, values
from tests.protocol.encodings import read_strict_json, read_strict_msgpack
from tests.protocol.space_strategies import DERANDOMISED

NAN, INF = float("nan"), float("inf")
STYLES: tuple[Style, ...] = get_args(Style)
FLOATS = ("f2", "f4", "f8")
REALS = (*FLOATS, "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
NUMBERS = (*REALS, "c8", "c16")


class Odd(enum.Enum):
    """A float with a name."""

    NAN = NAN


def as_read(data: bytes, style: Style) -> Any:
    """What a strict client of that style reads."""
    return read_strict_msgpack(data) if style == "msgpack" else read_strict_json(data)


def written(value: Any, style: Style) -> Any:
    """The value as it reaches that client."""
    return as_read(write(value, style), style)


def arrays_of(dtype: str) -> list[np.ndarray[Any, Any]]:
    """Arrays of every layout: with and without dimensions, empty, of the other byte order, with gaps in memory."""
    flat = np.arange(24).astype(dtype)
    big = flat.astype(np.dtype(dtype).newbyteorder(">")).reshape(2, 3, 4)
    return [
        flat, flat[:0], flat.reshape(2, 3, 4), flat.reshape(2, 3, 4).T, flat[::-2], flat[5:6].reshape(()),
        np.empty((0, 3), dtype), np.empty((3, 0), dtype), big, big.T, np.asfortranarray(flat.reshape(4, 6)),
    ]  # fmt: skip


def assert_bits(back: np.ndarray[Any, Any], array: np.ndarray[Any, Any]) -> None:
    """It is the array, but for the order of its bytes."""
    assert back.dtype == array.dtype.newbyteorder("<")
    assert back.shape == array.shape
    assert back.tobytes() == array.astype(back.dtype).tobytes()


SHAPES = ((), (0,), (1,), (5,), (255,), (1000,), (70_000,), (3, 0, 2), (84, 84, 4), (1,) * 20)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_array_is_written_as_the_library_writes_it(dtype: str, shape: tuple[int, ...]) -> None:
    """Its head is made without its elements, of which there may be a gigabyte."""
    array = np.ones(shape, dtype)
    inner = msgpack.packb((array.dtype.str, shape, array.tobytes()))
    assert write(array, "msgpack") == msgpack.packb(msgpack.ExtType(1, inner))


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_is_written_as_it_lies(order: Literal["C", "F"]) -> None:
    """Whole, transposed, and in part."""
    array = np.arange(200_000, dtype="<f8").reshape((400, 500), order=order)
    for part in (array, array.T, array[::2], array[:, 1:]):
        read_back = read(write(part, "msgpack"), "msgpack")
        assert read_back.tobytes() == part.tobytes()
        assert read_back.shape == part.shape


@pytest.mark.parametrize("dtype", NUMBERS)
def test_an_array_in_messagepack_keeps_its_dtype_shape_and_bits(dtype: str) -> None:
    """Whatever its layout in memory, alone and within a value."""
    for array in arrays_of(dtype):
        assert_bits(written(array, "msgpack"), array)
        assert_bits(written({"deep": [array]}, "msgpack")["deep"][0], array)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_an_array_in_base64_keeps_its_dtype_shape_and_bits(dtype: str) -> None:
    """For clients without MessagePack."""
    for array in arrays_of(dtype):
        (told,) = written([array], "json_base64")
        assert list(told) == ["$array", "dtype", "shape"]
        content = base64.b64decode(told["$array"], validate=True)
        assert_bits(np.frombuffer(content, told["dtype"]).reshape(told["shape"]), array)


@pytest.mark.parametrize("dtype", REALS)
def test_an_array_in_json_is_its_numbers_in_nested_lists(dtype: str) -> None:
    """Whether orjson writes it at once, or something beside it makes that impossible."""
    for array in arrays_of(dtype):
        for told in (written(array, "json"), written({"deep": [array, None]}, "json")["deep"][0]):
            assert told == array.tolist()
            assert_bits(np.array(told, dtype).reshape(array.shape), array)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("order", "<>")
def test_floats_that_json_does_not_have_are_strings(dtype: str, order: str) -> None:
    """In every dtype and byte order, and MessagePack has them as they are."""
    array = np.array([[NAN, INF], [-INF, -0.0], [1.0, 0.1]], dtype).astype(order + dtype)
    told = written(array, "json")
    assert told[:1] == [["NaN", "Infinity"]]
    assert_bits(np.array(told, object).astype(dtype), array)
    assert_bits(written(array, "msgpack"), array)
    assert_bits(np.array(written({"deep": array[1]}, "json")["deep"], object).astype(dtype), array[1])


def test_a_float32_comes_back_from_json_also_where_its_fewest_digits_deceive() -> None:
    """7.038531e-26 read as a double and rounded again is the next float32; of all float32 it is the only one."""
    array = np.array([0x15AE43FD, 0x95AE43FD, 0x15AE43FE], np.uint32).view(np.float32)
    assert_bits(np.array(written(array, "json"), np.float32), array)
    assert_bits(np.array([written(number, "json") for number in array], np.float32), array)
    assert_bits(np.array(written({"deep": array, "nothing": None}, "v1")["deep"], np.float32), array)


def test_a_float32_is_written_in_its_fewest_digits() -> None:
    """0.1, not 0.10000000149011612."""
    assert write(np.array([0.1, 4.8], np.float32), "json") == b"[0.1,4.8]"


@pytest.mark.parametrize("style", ["json", "msgpack"])
@pytest.mark.parametrize(("value", "expected"), AWKWARD, ids=[f"{number}" for number in range(len(AWKWARD))])
def test_an_awkward_value_has_one_form_in_both_formats(value: Any, expected: Any, style: Style) -> None:
    """What has none is shown by its repr; the rest of the value is not touched by it."""
    for told in (written(value, style), written({"before": 1, "it": [value], "none": None}, style)["it"][0]):
        assert told == expected
        assert type(told) is type(expected)


@pytest.mark.parametrize("number", [NAN, INF, -INF, np.float16(INF), np.float64(NAN), np.longdouble(-INF), Odd.NAN])
def test_a_float_that_json_does_not_have_is_a_string_wherever_it_stands(number: Any) -> None:
    """Alone, in a list, in an object, in an array of objects; MessagePack has it as it is."""
    value = getattr(number, "value", number)
    name = {INF: "Infinity", -INF: "-Infinity"}.get(float(value), "NaN")
    for around in ([number], {"it": number}, (1, {"deep": [None, number]}), np.array([number, "x"], object)):
        assert f'"{name}"' in write(around, "json").decode()
    assert written(number, "json") == written(number, "json_base64") == name
    assert str(written(number, "msgpack")) == str(float(value))


@pytest.mark.parametrize("style", STYLES)
@DERANDOMISED
@given(value=values)
def test_anything_at_all_can_be_written(value: Any, style: Style) -> None:
    """And strict readers take it, our own among them."""
    data = write(value, style)
    as_read(data, style)
    read(data, "msgpack" if style == "msgpack" else "json")
    as_read(write_info({"it": value}, style), style)


@DERANDOMISED
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    )
)  # fmt: skip
def test_what_both_formats_have_is_left_as_it_is(value: Any) -> None:
    """To the last digit and the order of its members."""
    for style in ("json", "msgpack"):
        told = written(value, style)
        assert json.dumps(told) == json.dumps(value)


@pytest.mark.parametrize("style", STYLES)
def test_what_contains_itself_is_shown_where_it_begins_again(style: Style) -> None:
    """Also where every level contains itself twice, which no depth alone would bound."""
    ring: list[Any] = [1]
    ring += [ring, {"again": ring}]
    array = np.empty(1, object)
    array[0] = {"ring": array}
    assert written(ring, style) == [1, {"$repr": repr(ring)}, {"again": {"$repr": repr(ring)}}]
    assert written(array, style)[0]["ring"]["$repr"].startswith("array([")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("depth", [64, 65, 300, 100_000])
def test_what_is_nested_without_end_is_shown_from_some_depth_on(depth: int, style: Style) -> None:
    """A client's own reader has its limits, too."""
    value: Any = None
    for _ in range(depth):
        value = [value]
    told = written(value, style)
    for _ in range(64):
        (told,) = told
    assert told is None if depth == 64 else list(told) == ["$repr"]


@pytest.mark.parametrize("style", STYLES)
def test_a_repr_is_not_longer_than_a_thousand_characters(style: Style) -> None:
    """A set of a million numbers would be a reply of megabytes."""
    text = written({"it": set(range(10_000))}, style)["it"]["$repr"]
    assert len(text) == 1000
    assert text.endswith("…")


def test_v1_is_what_the_clients_of_2016_can_read() -> None:
    """Finite numbers and nothing else in an observation."""
    assert written(np.array([INF, -INF, NAN, 1.5]), "v1") == [1e100, -1e100, None, 1.5]
    assert written({"a": [INF], "b": -INF}, "v1") == {"a": [1e100], "b": -1e100}
    assert write(np.array([[True, False]]), "v1") == b"[[1,0]]"
    assert write((True, np.bool_(False), "true", 12), "v1") == b'[1,0,"true",12]'


@pytest.mark.parametrize("style", STYLES)
def test_booleans_of_an_info_are_booleans(style: Style) -> None:
    """In `v1` as well: no client takes an info for numbers."""
    info = {"TimeLimit.truncated": True, "is_success": np.bool_(False), "nothing": None}
    told = as_read(write_info(info, style), style)
    assert told == info
    assert (type(told["TimeLimit.truncated"]), type(told["is_success"])) == (bool, bool)


def test_an_info_in_v1_has_finite_numbers() -> None:
    """As an observation has."""
    assert read_strict_json(write_info({"x": INF, "y": [True]}, "v1")) == {"x": 1e100, "y": [True]}


@pytest.mark.parametrize("style", STYLES)
def test_an_empty_info_is_an_empty_object(style: Style) -> None:
    """The most frequent of them all."""
    assert as_read(write_info({}, style), style) == {}
    assert write_info({}, style) == write({}, style)
