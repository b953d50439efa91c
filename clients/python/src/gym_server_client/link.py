"""One open WebSocket, driven by the thread that uses it, so that nothing stands between a message and its reply."""

import contextlib
import ssl
import time
from collections import deque
from typing import NoReturn

from websockets.exceptions import ConnectionClosed

from gym_server_client.address import Address
from gym_server_client.framing import Framing
from gym_server_client.messages import CLOSE_S, OPEN_S

_CHUNK_BYTES = 1 << 16


class Link:
    """A socket that is connected, until a call raises `ConnectionClosed`; then it is closed and of no more use.

    Raises:
        OSError, WebSocketException: it could not be connected.
        RemoteError: the server will not have this client.
    """

    def __init__(self, address: Address, url: str) -> None:
        self._framing = Framing(url, address.headers)
        self._messages: deque[memoryview] = deque()
        self._socket = address.connect(OPEN_S)
        self._timeout_s: float | None = OPEN_S
        try:
            self._flush()
            while self._framing.is_opening:
                self._take()
        except BaseException:
            self._socket.close()
            raise

    def send(self, message: bytes, timeout_s: float) -> None:
        """The message is on its way.

        Raises:
            ConnectionClosed: the connection has broken, or takes no more within the time.
        """
        self._wait_at_most(timeout_s)
        if not self._framing.is_open:
            self._end(None)
        try:
            self._socket.sendall(self._framing.written(message))
        except OSError as error:
            self._end(error)

    def receive(self, deadline: float) -> memoryview:
        """The next message.

        Raises:
            TimeoutError: there is none when the clock (`time.monotonic`) shows `deadline`.
            ConnectionClosed: the connection has broken.
        """
        while not self._messages:
            try:
                self._take()
            except TimeoutError as late:
                if time.monotonic() >= deadline:
                    raise
                self._end(late)
            if not self._messages:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                self._wait_at_most(left_s)
        return self._messages.popleft()

    def keep(self) -> None:
        """What has come meanwhile is read, and pings are answered, without waiting.

        Raises:
            ConnectionClosed: the connection has broken.
        """
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while True:
                self._wait_at_most(0.0)
                self._take()

    def close(self) -> None:
        """The server knows, if it answers soon, and there is no connection."""
        with contextlib.suppress(ConnectionClosed, OSError), self._socket:
            self._framing.close()
            self._flush()
            deadline = time.monotonic() + CLOSE_S
            while (left_s := deadline - time.monotonic()) > 0:
                self._wait_at_most(left_s)
                self._take()

    def _take(self) -> None:
        """What has come is read; while there is nothing, it waits as long as it may."""
        try:
            data = self._socket.recv(max(_CHUNK_BYTES, self._framing.missing))
            if data:
                self._messages.extend(self._framing.read(data))
                self._flush()
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            raise
        except OSError as error:
            self._end(error)
        if not data or self._framing.is_over:
            self._end(None)

    def _flush(self) -> None:
        for data in self._framing.outgoing():
            self._socket.sendall(data)

    def _wait_at_most(self, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:
            self._socket.settimeout(timeout_s)
            self._timeout_s = timeout_s

    def _end(self, cause: OSError | None) -> NoReturn:
        self._socket.close()
        raise self._framing.end() from cause
