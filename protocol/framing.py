"""A frame on the pipe: four bytes of length, big-endian, then that many bytes.

Knows nothing of what a frame contains nor of where bytes come from: both ends feed it what they read.
"""

import struct

from protocol.errors import FramingError

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 2**32 - 1


def frame(payload: bytes) -> bytes:
    """The payload with its length in front.

    Raises:
        FramingError: the payload is longer than a length prefix can say (4 GiB).
    """
    if len(payload) > MAX_FRAME_BYTES:
        raise FramingError(f"a frame of {len(payload)} bytes is above {MAX_FRAME_BYTES}")
    return LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Puts one frame together from what arrives, and refuses anything beyond it.

    A pipe carries one frame at a time in each direction, so bytes after a whole frame are
    a broken peer, not the beginning of the next frame. After a refusal it is of no more use.
    """

    def __init__(self, max_frame_bytes: int) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._chunks: list[bytes] = []
        self._received = 0
        self._expected: int | None = None

    def feed(self, data: bytes) -> bytes | None:
        """The payload once it is whole, else None.

        Raises:
            FramingError: the announced length is above the limit, or bytes follow the frame.
        """
        self._chunks.append(data)
        self._received += len(data)
        if self._expected is None and not self._read_length():
            return None
        assert self._expected is not None  # noqa: S101 - narrows the type, _read_length has set it
        missing = self._expected - self._received
        if missing > 0:
            return None
        if missing < 0:
            raise FramingError(f"{-missing} bytes after the end of a frame")
        payload = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks, self._received, self._expected = [], 0, None
        return payload

    def _read_length(self) -> bool:
        """Takes the length from the front of what has arrived, once it is there."""
        if self._received < LENGTH.size:
            return False
        start = b"".join(self._chunks)
        (self._expected,) = LENGTH.unpack_from(start)
        if self._expected > self._max_frame_bytes:
            raise FramingError(f"a frame of {self._expected} bytes is above the limit of {self._max_frame_bytes}")
        self._chunks = [start[LENGTH.size :]]
        self._received -= LENGTH.size
        return True
