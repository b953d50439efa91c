"""The worker's end of the pipe while nothing comes: awake for a moment, if the gateway says that more comes soon."""

import os
import socket
import time

from protocol.vigil import AWAKE_S, Vigil


class AwakePipe:
    """Reads from a blocking socket; where something is to come soon, it stays awake before it lets itself be woken."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe = pipe
        self._vigil = Vigil()

    def recv_into(self, room: memoryview, *, is_soon: bool) -> int:
        """How many bytes have come; 0 at the end of the pipe."""
        if is_soon and self._vigil.begins():
            number = self._received_awake(room)
            self._vigil.ended(has_paid=number is not None)
            if number is not None:
                return number
        return self._pipe.recv_into(room)

    def _received_awake(self, room: memoryview) -> int | None:
        end = time.perf_counter() + AWAKE_S
        while True:
            try:
                return self._pipe.recv_into(room, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if time.perf_counter() >= end:
                    return None
            os.sched_yield()
