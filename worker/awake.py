"""The worker's end of the pipe while nothing comes: awake for a moment, if the gateway says that more comes soon."""

import select
import socket
import time

from protocol.vigil import AWAKE_S, Vigil

_NOW = 0


class AwakePipe:
    """Reads from a blocking socket; where something is to come soon, it stays awake before it lets itself be woken."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)
        self._vigil = Vigil()

    def recv_into(self, room: memoryview, *, is_soon: bool) -> int:
        """How many bytes have come; 0 at the end of the pipe."""
        if is_soon and self._vigil.begins():
            self._vigil.ended(has_paid=self._came_in_time())
        return self._pipe.recv_into(room)

    def _came_in_time(self) -> bool:
        end = time.perf_counter() + AWAKE_S
        while not self._poll.poll(_NOW):
            if time.perf_counter() >= end or not self._vigil.yields():
                return False
        return True
