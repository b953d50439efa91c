"""The gateway's end of a worker's pipe: frames out, one frame back, without a thread and without waiting.

Knows nothing of what a frame contains, nor of the process at the other end.
"""

import asyncio
import socket
from collections.abc import Callable

from protocol.errors import FramingError
from protocol.framing import FrameReader, frame


class Pipe:
    """A non-blocking socket that calls `on_frame` for each frame, and once, at its end, `on_end` or `on_broken`."""

    def __init__(
        self,
        connection: socket.socket,
        max_frame_bytes: int,
        on_frame: Callable[[bytes | bytearray], None],
        on_end: Callable[[], None],
        on_broken: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = connection
        self._reader = FrameReader(max_frame_bytes)
        self._unsent = memoryview(b"")
        self._on_frame = on_frame
        self._on_end = on_end
        self._on_broken = on_broken
        self._is_open, self._is_broken = True, False
        connection.setblocking(False)
        self._loop.add_reader(connection, self._read)

    def send(self, payload: bytes, *, is_soon: bool = False) -> None:
        """The payload is on its way as one frame; what the kernel does not take now follows when it can.

        `is_soon` hints to the other end that its answer will be followed by another.
        """
        data = frame(payload, is_soon=is_soon)
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._end()
            return
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]
            self._loop.add_writer(self._socket, self._write)

    def drain(self) -> None:
        """What the other end has left behind has been read, up to its end."""
        while self._is_open and not self._is_broken and self._read():
            pass

    def close(self) -> None:
        """The socket is closed; nothing more is called."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _read(self) -> bool:
        """Whether something was there to be read."""
        try:
            number = self._socket.recv_into(self._reader.room())
        except BlockingIOError:
            return False
        except OSError:
            number = 0
        if not number:
            self._end()
            return False
        try:
            payload = self._reader.took(number)
        except FramingError:
            self._is_broken = True
            self._loop.remove_reader(self._socket)
            self._on_broken()  # before the pipe is closed, at whose end the worker would end by itself
            return False
        if payload is not None:
            self._on_frame(payload)
        return True

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._end()
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._socket)

    def _end(self) -> None:
        if self._is_open:
            self.close()
            self._on_end()
