"""A frame on the pipe: four bytes of length, big-endian, then that many bytes; the first bit is a hint.

Knows nothing of what a frame contains nor of where bytes come from: both ends write what they read into the reader's
room, so that nothing is copied, and no memory asked for, for each of them.
"""

import struct

from protocol.errors import FramingError

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 2**31 - 1
_SOON = 2**31  # of the length: another frame will follow the answer to this one soon
_ROOM_BYTES = 64 * 1024  # below the sizes for which a C library asks the system for pages, and gives them back
_MOST_AT_ONCE = 1024 * 1024  # is set aside for a length that is only announced


def frame(payload: bytes, *, is_soon: bool = False) -> bytes:
    """The payload with its length in front; `is_soon` hints that another will follow as soon as it is answered.

    Raises:
        FramingError: the payload is longer than a length prefix can say (2 GiB).
    """
    if len(payload) > MAX_FRAME_BYTES:
        raise FramingError(f"a frame of {len(payload)} bytes is above {MAX_FRAME_BYTES}")
    return LENGTH.pack(len(payload) | _SOON if is_soon else len(payload)) + payload


class FrameReader:
    """Puts one frame together from what arrives, and refuses anything beyond it.

    A pipe carries one frame at a time in each direction, so bytes after a whole frame are
    a broken peer, not the beginning of the next frame. After a refusal it is of no more use.
    """

    def __init__(self, max_frame_bytes: int) -> None:
        self.is_soon = False  # as the last frame has hinted, another comes when it is answered
        self._max_frame_bytes = max_frame_bytes
        self._room = memoryview(bytearray(_ROOM_BYTES))
        self._received = 0  # of the frame, its length included
        self._large: bytearray | None = None  # the payload of a frame that the room is too small for
        self._missing = 0  # of that payload

    def room(self) -> memoryview:
        """Where the next bytes belong, as many as there are up to its length; not to be kept."""
        if self._large is None:
            return self._room[self._received :] if self._received else self._room
        here = self._received - LENGTH.size
        if here == len(self._large):
            self._large.extend(bytes(min(self._missing, max(here, _MOST_AT_ONCE))))
        return memoryview(self._large)[here:]

    def took(self, number: int) -> bytes | bytearray | None:
        """So many bytes have been written into the room: the payload once it is whole, else None.

        Raises:
            FramingError: the announced length is above the limit, or bytes follow the frame.
        """
        self._received += number
        if self._large is not None:
            return self._took_large(number)
        if self._received < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._room)
        self.is_soon = length >= _SOON
        length &= MAX_FRAME_BYTES
        if length > self._max_frame_bytes:
            raise FramingError(f"a frame of {length} bytes is above the limit of {self._max_frame_bytes}")
        end = LENGTH.size + length
        if self._received < end:
            self._expect(end)
            return None
        if self._received > end:
            raise FramingError(f"{self._received - end} bytes after the end of a frame")
        self._received = 0
        return bytes(self._room[LENGTH.size : end])

    def _expect(self, end: int) -> None:
        """What has come of a frame that the room is too small for lies where the rest will."""
        if end > len(self._room):
            self._large = bytearray(self._room[LENGTH.size : self._received])
            self._missing = end - self._received

    def _took_large(self, number: int) -> bytearray | None:
        self._missing -= number
        if self._missing:
            return None
        payload, self._large, self._received = self._large, None, 0
        return payload
