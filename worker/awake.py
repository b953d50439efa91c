"""The worker's end of the pipe while nothing comes: awake for a moment, since the next command mostly comes within it."""

import socket

from protocol.vigil import Vigil


class AwakePipe:
    """Reads from a blocking socket; where something is to come soon, it keeps a vigil before it lets itself be woken."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._vigil = Vigil()
        self._room = memoryview(b"")

    def recv_into(self, room: memoryview, *, is_soon: bool) -> int:
        """How many bytes have come; 0 at the end of the pipe."""
        self._room = room
        number = self._vigil.keep(self._look) if is_soon else None
        return self._pipe.recv_into(room) if number is None else number

    def _look(self) -> int | None:
        try:
            return self._pipe.recv_into(self._room, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
