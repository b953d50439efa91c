"""MessagePack over a WebSocket that is opened again where it breaks; its lease keeps the instances meanwhile."""

import contextlib
import itertools
import threading
import time
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection, connect

from gym_server_client.errors import ServerUnreachable, too_large
from gym_server_client.messages import CLOSE_S, MAX_BREAKS, OPEN_S, PAUSES_S, SUBPROTOCOL, Messages, outcome
from gym_server_client.transport import Call, Patience
from gym_server_client.values import Encoding, unpack


class SocketTransport:
    """One socket, whichever thread uses it; implements `Transport`.

    A connection is made with the first call. Instances made over it are closed by the server `lease_grace_s` after
    the last connection has gone, also where this program is killed.
    """

    encoding: Encoding = "msgpack"

    def __init__(self, url: str, patience: Patience) -> None:
        self._patience = patience
        self._messages = Messages(url, patience)
        self._lock = threading.Lock()
        self._socket: ClientConnection | None = None
        self._closing = contextlib.ExitStack()
        self._was_connected = False

    def call_all(self, calls: Sequence[Call]) -> list[Any]:
        """What became of each call, as the interface has it."""
        if not calls:
            return []
        with self._lock:
            messages = dict(map(self._messages.write, calls))
            replies = self._exchange(messages)
        return [outcome(replies[number]) for number in messages]

    def close(self) -> None:
        """There is no connection."""
        with self._lock:
            self._drop()

    def _exchange(self, waiting: dict[int, bytes]) -> dict[int, Any]:
        """The reply to each message; those without one are sent again when the connection has broken."""
        deadline = time.monotonic() + self._patience.answer_s
        replies: dict[int, Any] = {}
        for _ in range(MAX_BREAKS):
            socket = self._connected()
            try:
                for number in waiting.keys() - replies.keys():
                    socket.send(waiting[number])
                while len(replies) < len(waiting):
                    reply = unpack(_received(socket, deadline), "msgpack")
                    if reply["id"] in waiting:  # the reply to a call that was given up is nobody's
                        replies[reply["id"]] = reply
            except ConnectionClosed as closed:
                self._drop()
                if closed.rcvd and closed.rcvd.code == CloseCode.MESSAGE_TOO_BIG:
                    raise too_large() from closed
            except TimeoutError as late:
                self._drop()
                raise ServerUnreachable(f"no answer within {self._patience.answer_s:g} s") from late
            else:
                return replies
        raise ServerUnreachable(f"the connection broke {MAX_BREAKS} times before there was an answer")

    def _connected(self) -> ClientConnection:
        """The open socket. The first time it has to be there at once, later it may take `reconnect_s`."""
        if self._socket:
            return self._socket
        patience_s = self._patience.reconnect_s if self._was_connected else 0.0
        deadline = time.monotonic() + patience_s
        for attempt in itertools.count():
            try:
                self._socket = self._open()
            except (OSError, WebSocketException) as error:
                pause_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
                if time.monotonic() + pause_s > deadline:
                    address = self._messages.address
                    raise ServerUnreachable(f"{address} cannot be reached: {error}") from error
                time.sleep(pause_s)
            else:
                break
        assert self._socket  # noqa: S101 - narrows: the loop ends with a socket or an exception
        self._was_connected = True
        return self._socket

    def _open(self) -> ClientConnection:
        connecting = connect(
            self._messages.address_with_lease,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=None,
            proxy=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
        )
        return self._closing.enter_context(connecting)

    def _drop(self) -> None:
        self._socket = None
        with contextlib.suppress(OSError, WebSocketException):
            self._closing.close()


def _received(socket: ClientConnection, deadline: float) -> bytes:
    data = socket.recv(timeout=max(0.0, deadline - time.monotonic()), decode=False)
    return bytes(data)
