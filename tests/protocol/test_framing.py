"""Frames: however their bytes arrive, one comes out whole, and nothing beyond it is taken."""

import random

import pytest

from protocol import framing
from protocol.errors import FramingError
from protocol.framing import MAX_FRAME_BYTES, FrameReader, frame

LIMIT = 1000


def feed(reader: FrameReader, data: bytes) -> bytes | bytearray | None:
    """What comes out when these bytes arrive, in as many parts as the reader has room for at a time."""
    payload = None
    while data:
        assert payload is None
        room = reader.room()
        part, data = data[: len(room)], data[len(room) :]
        room[: len(part)] = part
        del room
        payload = reader.took(len(part))
    return payload


def test_a_frame_is_its_length_and_then_its_payload() -> None:
    """Four bytes, the most significant first."""
    assert frame(b"hello") == b"\0\0\0\5hello"


@pytest.mark.parametrize("payload", [b"", b"\0", b"x" * 300, b"y" * LIMIT], ids=len)
@pytest.mark.parametrize("piece_bytes", [1, 3, 4, 5, 2 * LIMIT])
def test_a_frame_comes_out_whole_however_it_arrives(payload: bytes, piece_bytes: int) -> None:
    """Also byte by byte; nothing comes out before the last of them."""
    data = frame(payload)
    reader = FrameReader(LIMIT)
    pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
    assert [feed(reader, piece) for piece in pieces] == [None] * (len(pieces) - 1) + [payload]


def test_a_reader_reads_one_frame_after_the_other() -> None:
    """Once one is out, the next may come."""
    reader = FrameReader(LIMIT)
    assert [feed(reader, frame(payload)) for payload in (b"one", b"", b"three")] == [b"one", b"", b"three"]


@pytest.mark.parametrize("is_soon", [False, True])
def test_a_frame_hints_whether_another_comes_soon(is_soon: bool) -> None:
    """In the highest bit of the length, which is no part of it."""
    reader = FrameReader(LIMIT)
    assert frame(b"hello", is_soon=True) == b"\x80\0\0\5hello"
    assert feed(reader, frame(b"one", is_soon=is_soon)) == b"one"
    assert reader.is_soon is is_soon


@pytest.mark.parametrize("surplus", [b"\0", frame(b"another")], ids=["one byte", "another frame"])
def test_bytes_beyond_a_frame_are_refused(surplus: bytes) -> None:
    """A pipe carries one message at a time in each direction; more is a broken peer."""
    with pytest.raises(FramingError, match=f"^{len(surplus)} bytes after the end of a frame$"):
        feed(FrameReader(LIMIT), frame(b"one") + surplus)


def test_bytes_beyond_a_frame_are_refused_also_when_they_come_with_its_end() -> None:
    """The frame's beginning has arrived before."""
    reader = FrameReader(LIMIT)
    assert feed(reader, frame(b"one")[:-1]) is None
    with pytest.raises(FramingError, match="3 bytes after"):
        feed(reader, b"e" + b"two")


@pytest.mark.parametrize("length", [65_532, 65_533, 100_000, 3_000_000])
@pytest.mark.parametrize("piece_bytes", [1000, 65_536, 10_000_000])
def test_a_large_frame_comes_out_whole(length: int, piece_bytes: int) -> None:
    """Also beyond what is set aside at once, and the next one too."""
    reader = FrameReader(length)
    for payload in (random.Random(length).randbytes(length), b"small"):
        data = frame(payload)
        pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
        assert [feed(reader, piece) for piece in pieces] == [None] * (len(pieces) - 1) + [payload]


def test_no_memory_is_set_aside_for_an_announcement() -> None:
    """A peer that announces gigabytes has sent four bytes."""
    reader = FrameReader(MAX_FRAME_BYTES)
    assert feed(reader, b"\xff\xff\xff\xff") is None
    assert len(reader.room()) < 2 * 1024 * 1024


def test_a_frame_above_the_limit_is_refused_by_its_length_alone() -> None:
    """Before a single byte of it has come, so that nobody collects them."""
    with pytest.raises(FramingError, match="a frame of 1001 bytes is above the limit of 1000"):
        feed(FrameReader(LIMIT), frame(b"z" * (LIMIT + 1))[:4])


def test_a_payload_longer_than_the_prefix_can_say_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gigabytes are too many for a test, so the bound is lowered."""
    monkeypatch.setattr(framing, "MAX_FRAME_BYTES", 10)
    assert frame(bytes(10))
    with pytest.raises(FramingError, match="a frame of 11 bytes is above 10"):
        frame(bytes(11))
