"""Frames: however their bytes arrive, one comes out whole, and nothing beyond it is taken."""

import pytest

from protocol import framing
from protocol.errors import FramingError
from protocol.framing import FrameReader, frame

LIMIT = 1000


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
    assert [reader.feed(piece) for piece in pieces] == [None] * (len(pieces) - 1) + [payload]


def test_a_reader_reads_one_frame_after_the_other() -> None:
    """Once one is out, the next may come."""
    reader = FrameReader(LIMIT)
    assert [reader.feed(frame(payload)) for payload in (b"one", b"", b"three")] == [b"one", b"", b"three"]


@pytest.mark.parametrize("surplus", [b"\0", frame(b"another")], ids=["one byte", "another frame"])
def test_bytes_beyond_a_frame_are_refused(surplus: bytes) -> None:
    """A pipe carries one message at a time in each direction; more is a broken peer."""
    with pytest.raises(FramingError, match=f"^{len(surplus)} bytes after the end of a frame$"):
        FrameReader(LIMIT).feed(frame(b"one") + surplus)


def test_bytes_beyond_a_frame_are_refused_also_when_they_come_with_its_end() -> None:
    """The frame's beginning has arrived before."""
    reader = FrameReader(LIMIT)
    assert reader.feed(frame(b"one")[:-1]) is None
    with pytest.raises(FramingError, match="3 bytes after"):
        reader.feed(b"e" + b"two")


def test_a_frame_above_the_limit_is_refused_by_its_length_alone() -> None:
    """Before a single byte of it has come, so that nobody collects them."""
    with pytest.raises(FramingError, match="a frame of 1001 bytes is above the limit of 1000"):
        FrameReader(LIMIT).feed(frame(b"z" * (LIMIT + 1))[:4])


def test_a_payload_longer_than_the_prefix_can_say_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four gigabytes are too many for a test, so the bound is lowered."""
    monkeypatch.setattr(framing, "MAX_FRAME_BYTES", 10)
    assert frame(bytes(10))
    with pytest.raises(FramingError, match="a frame of 11 bytes is above 10"):
        frame(bytes(11))
