"""The WebSocket protocol (RFC 6455) between a stream of bytes and whole messages. Does no input or output itself.

Nearly all that comes are messages in one frame each, which are cut out here; a library made for it does all the rest.
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from gym_server_client.messages import SUBPROTOCOL, refused

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiler was there when it was installed
    from websockets.utils import apply_mask

_WHOLE_MESSAGE = 0x80 | Opcode.BINARY  # the first byte of a frame that is all of one (5.2)
_MASKED = 0x80
_HEAD = struct.Struct(">BB")
_TWO_BYTES, _EIGHT_BYTES = 126, 127  # instead of a length: it follows, in so many bytes
_LENGTHS = {_TWO_BYTES: struct.Struct(">H"), _EIGHT_BYTES: struct.Struct(">Q")}
_EIGHT_BYTES_FROM = 1 << 16
_KEY_BYTES, _KEYS_AT_ONCE = 4, 1024


class Framing:
    """One connection. What its methods want to be sent is in `outgoing`, until that is taken."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.missing = 0  # bytes, at least, of the frame that has begun to come
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=[SUBPROTOCOL], max_size=None)
        self._parts: list[bytes] = []
        self._unread = bytearray()  # of that frame
        self._keys = _Keys()
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        return self._protocol.state is State.OPEN

    @property
    def is_opening(self) -> bool:
        """The server has not answered yet.

        Raises:
            RemoteError: it will not have this client.
            WebSocketException: it cannot have it now, or is no server.
        """
        error = self._protocol.handshake_exc
        if isinstance(error, InvalidStatus) and (refusal := refused(error)):
            raise refusal from error
        if error:
            raise error
        return self._protocol.state is State.CONNECTING

    @property
    def is_over(self) -> bool:
        """The server has said that this was all."""
        return self._protocol.close_rcvd is not None

    def outgoing(self) -> list[bytes]:
        """What is to be sent; it is not told twice."""
        return self._protocol.data_to_send()

    def written(self, message: bytes) -> bytes:
        """What is to be sent for a message; while messages can be sent."""
        length, key = len(message), self._keys.take()
        if length < _TWO_BYTES:
            head = _HEAD.pack(_WHOLE_MESSAGE, _MASKED | length)
        else:
            wide = _TWO_BYTES if length < _EIGHT_BYTES_FROM else _EIGHT_BYTES
            head = _HEAD.pack(_WHOLE_MESSAGE, _MASKED | wide) + _LENGTHS[wide].pack(length)
        return b"".join((head, key, apply_mask(message, key)))

    def close(self) -> None:
        """The server is to be told that this was all."""
        if self.is_open:
            self._protocol.send_close()

    def read(self, data: bytes) -> Iterator[memoryview]:
        """The messages that are whole with these bytes."""
        data = self._after_handshake(data)
        if len(data) < self.missing:
            self._unread += data
            self.missing -= len(data)
            return
        stream, start = memoryview(self._unread + data if self._unread else data), 0
        while (frame := _frame_at(stream, start)) and frame.end <= len(stream):
            if frame.is_message and not self._parts:
                yield stream[frame.payload : frame.end]
            else:
                yield from self._read_unusual(stream[start : frame.end])
            start = frame.end
        self._unread, self.missing = bytearray(stream[start:]), frame.end - len(stream) if frame else 0

    def end(self) -> ConnectionClosed:
        """Why there is no connection any more; nothing comes after this."""
        self._protocol.receive_eof()
        return self._protocol.close_exc

    def _after_handshake(self, data: bytes) -> bytes:
        """What has come after the empty line with which the handshake ends."""
        while data and self._protocol.state is State.CONNECTING:
            end = data.find(b"\n") + 1 or len(data)
            self._protocol.receive_data(data[:end])
            data = data[end:]
        return data

    def _read_unusual(self, frame: memoryview) -> Iterator[memoryview]:
        """A part of a message (5.4), or a word about the connection (5.5)."""
        self._protocol.receive_data(bytes(frame))
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._parts.append(bytes(event.data))
                if event.fin:
                    yield memoryview(b"".join(self._parts))
                    self._parts.clear()


class _Keys:
    """Four bytes for each message that nobody can know before (5.3)."""

    def __init__(self) -> None:
        self._random, self._at = b"", 0

    def take(self) -> bytes:
        """The next four; asked for by the thousand, as to ask the system costs more than all else."""
        if self._at == len(self._random):
            self._random, self._at = os.urandom(_KEY_BYTES * _KEYS_AT_ONCE), 0
        self._at += _KEY_BYTES
        return self._random[self._at - _KEY_BYTES : self._at]


class _Place(NamedTuple):
    """Where in the stream a frame's payload begins, where it ends, and whether it is a message by itself."""

    payload: int
    end: int
    is_message: bool


def _frame_at(stream: memoryview, start: int) -> _Place | None:
    """The frame that begins there; None while it cannot be told how long it is."""
    payload = start + _HEAD.size
    if len(stream) < payload:
        return None
    length = stream[start + 1]
    if length & _MASKED:  # no server may do so; the library refuses it, whatever follows
        return _Place(payload, len(stream), is_message=False)
    if width := _LENGTHS.get(length):
        if len(stream) < payload + width.size:
            return None
        (length,) = width.unpack_from(stream, payload)
        payload += width.size
    return _Place(payload, payload + length, stream[start] == _WHOLE_MESSAGE)
