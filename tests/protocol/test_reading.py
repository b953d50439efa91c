"""What clients send, read: values as they meant them, and one clear error for everything else, at next to no cost."""

import base64
import json
import tracemalloc
from typing import Any

import msgpack
import numpy as np
import pytest
from gymnasium.spaces import Box, Tuple
from hypothesis import given
from hypothesis import strategies as st

from protocol.actions import read_member
from protocol.errors import BadRequest, InvalidAction
from protocol.messages import Format
from protocol.values import read, write
from tests.protocol.awkward import values
from tests.protocol.space_strategies import DERANDOMISED

TWO_BOXES = Tuple([Box(-1, 1, (1,)), Box(-1, 1, (1,))])


def extension(*parts: Any, code: int = 1) -> bytes:
    """An array as a client packs it: `[dtype, shape, bytes]`."""
    data: bytes = msgpack.packb(msgpack.ExtType(code, msgpack.packb(parts)))
    return data


BROKEN_JSON = [
    b"", b" ", b"{", b"[1,]", b"[1 2]", b"1 2", b"01", b"+1", b".5", b"'x'", b'"\n"', b"nul", b"\xff", b"\xef\xbb\xbf1",
    b"NaN", b"[NaN]", b"Infinity", b"-Infinity", b"1e400", b"9" * 5000, b'"\\ud800"',
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 5000 + b"]" * 5000,
]  # fmt: skip

BROKEN_MSGPACK = [
    b"", b"\xc1", b"\x93\x01", b"\x01\x01", b"\xa3ab", b"\xcb\0", b"\xa1\xff", b"\x81\xa1a", b"\xc4", b"\xc7\x01",
    b"\x91" * 100_000, b"\x81\xa1a" * 100_000, b"\x91" * 100_000 + b"\x01",
    b"\x81\x01\x01", b"\x81\xc4\x01a\x01", b"\x81\x90\x01", b"\x81" + extension("<f4", [1], bytes(4)) + b"\x01",
    *(header + b"\xff\xff\xff\xff" + b"\x01" * rest
      for header in (b"\xdb", b"\xc6", b"\xc9", b"\xdd", b"\xdf") for rest in (0, 1, 100)),
]  # fmt: skip

UNKNOWN_EXTENSIONS = [
    extension("<f4", [1], bytes(4), code=2), b"\xd4\x00\x00", b"\xd4\xff\x00",
    msgpack.packb(msgpack.Timestamp(1)), msgpack.packb(msgpack.Timestamp(2**33)), msgpack.packb(msgpack.Timestamp(-1)),
    msgpack.packb([1, {"deep": [msgpack.Timestamp(1)]}]), msgpack.packb({"a": [msgpack.Timestamp(2**33, 5)]}),
]  # fmt: skip

NO_ARRAYS: list[tuple[Any, ...]] = [
    (), ("<f4", [1]), ("<f4", [1], bytes(4), 1),
    ("<f4", [2], bytes(4)), ("<f4", [], bytes(8)), ("<f4", [1], bytes(5)), ("<f4", [0], bytes(4)), ("|u1", [3], b""),
    ("|O", [1], bytes(8)), ("O", [1], bytes(8)), ("|V4", [1], bytes(4)), ("<U1", [1], bytes(4)), ("|S1", [1], b"x"),
    ("<M8[s]", [1], bytes(8)), ("<f16", [1], bytes(16)), (">f4", [1], bytes(4)), ("=f4", [1], bytes(4)),
    ("f4", [1], bytes(4)), ("float32", [1], bytes(4)), ("", [1], bytes(4)), ("<f3", [1], bytes(3)),
    (None, [1], bytes(4)),
    (4, [1], bytes(4)), ([["x", "<f4"]], [1], bytes(4)), ({"names": ["x"], "formats": ["<f4"]}, [1], bytes(4)),
    ("<f4", [-1], bytes(4)), ("<f4", [-1, -1], bytes(4)), ("<f4", 1, bytes(4)), ("<f4", None, bytes(4)),
    ("<f4", [1.0], bytes(4)), ("<f4", [True], bytes(4)), ("<f4", ["1"], bytes(4)), ("<f4", {"0": 1}, bytes(4)),
    ("<f4", [2**40], bytes(4)), ("<f4", [2**63, 2**63], bytes(4)), ("<f4", [0, 2**63], b""),
    ("<f4", [0, 2**62, 8], b""),
    ("<f4", [1] * 65, bytes(4)), ("<f4", [2**62] * 100_000, bytes(4)),
]  # fmt: skip
"""What an array cannot be, as a triple that a client might send all the same."""


@pytest.mark.parametrize("data", BROKEN_JSON, ids=lambda data: str(data[:20]))
def test_what_is_no_json_is_refused(data: bytes) -> None:
    """RFC 8259 to the letter, and within limits."""
    with pytest.raises(BadRequest, match=r"^not JSON"):
        read(data, "json")


@pytest.mark.parametrize("data", BROKEN_MSGPACK, ids=lambda data: str(data[:20]))
def test_what_is_no_messagepack_is_refused(data: bytes) -> None:
    """Cut short, nested without end, with names that are no strings, or announcing what does not come."""
    with pytest.raises(BadRequest, match=r"^not MessagePack|^the name of a member is a string"):
        read(data, "msgpack")


@pytest.mark.parametrize("data", UNKNOWN_EXTENSIONS, ids=lambda data: str(data[:20]))
def test_an_extension_that_is_no_array_is_refused(data: bytes) -> None:
    """Timestamps too, wherever they are hidden: msgpack would make objects of them without asking."""
    with pytest.raises(BadRequest, match=r"extension type|timestamp"):
        read(data, "msgpack")


@pytest.mark.parametrize("parts", NO_ARRAYS, ids=lambda parts: str(parts)[:40])
def test_an_array_whose_parts_do_not_go_together_is_refused(parts: tuple[Any, ...]) -> None:
    """In MessagePack; nothing but plain numbers is ever made of a client's bytes."""
    with pytest.raises(BadRequest, match=r"^(an array|there is no array)"):
        read(extension(*parts), "msgpack")


@pytest.mark.parametrize("parts", NO_ARRAYS, ids=lambda parts: str(parts)[:40])
def test_an_array_in_base64_whose_parts_do_not_go_together_is_refused(parts: tuple[Any, ...]) -> None:
    """The same in JSON, where the error has a place."""
    named = dict(zip(("dtype", "shape", "$array", "more"), parts, strict=False))
    if "$array" in named:
        named["$array"] = base64.b64encode(named["$array"]).decode()
    value = read(json.dumps(named | {"$array": named.get("$array", "")}).encode(), "json")
    with pytest.raises(InvalidAction, match=r"^\$\.action\[0\]: (an array|there is no array)"):
        read_member(TWO_BOXES, [value, [0]], "$.action")


@pytest.mark.parametrize("content", ["AAAAA", "AAA", "!AAA", "AA AA==", "é", 5, None, ["AAAA"], {"a": 1}])
def test_an_array_that_is_no_base64_is_refused(content: Any) -> None:
    """The bytes are of the standard alphabet, padded, and nothing else."""
    with pytest.raises(InvalidAction, match=r"^\$\.action\[0\]: \$array must be base64"):
        read_member(TWO_BOXES, [{"$array": content, "dtype": "<f4", "shape": [1]}, [0]], "$.action")


@pytest.mark.parametrize(
    "content", [b"", b"\x93", b"\x01", b"\x90", b"\x93\x01\x02\x03\x04", b"\x91" * 10_000, b"\xdd\xff\xff\xff\xff"]
)
def test_an_extension_with_something_else_in_it_is_refused(content: bytes) -> None:
    """An array is three parts, and nothing after them."""
    with pytest.raises(BadRequest, match=r"^an array"):
        read(msgpack.packb(msgpack.ExtType(1, content)), "msgpack")


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        ("json", b'{"a": 1, "a": 2}'),
        ("json", b'{"a": 1, "\\u0061": 1}'),
        ("json", b'[{"b": {"a": [], "c": 0, "a": []}}]'),
        ("msgpack", b"\x82\xa1a\x01\xa1a\x02"),
        ("msgpack", b"\x91\x82\xa1a\x01\xd9\x01a\x01"),
    ],
)
def test_a_name_given_twice_is_refused(sent: Format, data: bytes) -> None:
    """Both formats leave open which of the two would count."""
    with pytest.raises(BadRequest, match=r"^the member 'a' is given twice$"):
        read(data, sent)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": {"a": 2}}',
        '[{"a": 1}, {"a": 1}]',
        '{"a": "{\\"a\\": 1, \\"a\\": 2}"}',
        '"{"',
        '{"a": 123456789012345678901234567890}',
        '{"": 1, " ": 2}',
        "[" * 500 + "]" * 500,
    ],
)
def test_what_only_looks_like_a_fault_is_read(text: str) -> None:
    """The same name in two objects, braces in a string, a number without end, a nesting that ends."""
    assert read(text.encode(), "json") == json.loads(
        text, parse_int=lambda digits: float(digits) if len(digits) > 20 else int(digits)
    )


def test_what_is_announced_costs_nothing_before_it_comes() -> None:
    """A list that announces a million values, in a list that announces a million, and so on: no memory for any."""
    body = b"".join([b"\xdd\x00\x0f\xff\xff" * 300, b"\x01" * 1_100_000])
    tracemalloc.start()
    try:
        with pytest.raises(BadRequest):
            read(body, "msgpack")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * len(body)


@pytest.mark.parametrize("depth", [500, 1000, 1020, 1500])
def test_what_is_nested_deeply_is_read_or_refused(depth: int) -> None:
    """Wherever the limit of this Python lies."""
    read_or_refuse(b'{"a":' * depth + b"1" + b"}" * depth, "json")
    read_or_refuse(b"\x81\xa1a" * depth + b"\x01", "msgpack")


@pytest.mark.parametrize("sent", ["json", "msgpack"])
@DERANDOMISED
@given(data=st.binary())
def test_garbage_is_read_or_refused(data: bytes, sent: Format) -> None:
    """With that one error."""
    read_or_refuse(data, sent)


@pytest.mark.parametrize("sent", ["json", "msgpack"])
@DERANDOMISED
@given(value=values, data=st.data())
def test_what_was_damaged_on_the_way_is_read_or_refused(value: Any, data: st.DataObject, sent: Format) -> None:
    """A byte of it changed, or its end cut off."""
    whole = write(value, sent)
    place = data.draw(st.integers(0, len(whole) - 1))
    read_or_refuse(whole[:place] + data.draw(st.binary(max_size=1)) + whole[place + 1 :], sent)
    read_or_refuse(whole[:place], sent)


def read_or_refuse(data: bytes, sent: Format) -> None:
    """Nothing but a value or a BadRequest comes of the bytes."""
    try:
        value = read(data, sent)
    except BadRequest as refusal:
        value = refusal.detail
    write(value, "json")


def test_an_array_is_a_view_of_what_was_sent() -> None:
    """Nothing is copied before an environment's own array is made of it, and nobody can write into a client's bytes."""
    array = read(extension("<f4", [2, 1], np.array([[1], [2]], "<f4").tobytes()), "msgpack")
    assert array.tolist() == [[1.0], [2.0]]
    assert not array.flags.writeable
    member = read_member(Box(-5, 5, (2, 1)), array, "$.action")
    assert member.flags.writeable
    assert not np.shares_memory(member, array)
