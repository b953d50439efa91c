"""MessagePack over a WebSocket that is opened again where it breaks; its lease keeps the instances meanwhile."""

import contextlib
import itertools
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import CloseCode

from gym_server_client.address import Address
from gym_server_client.errors import RemoteError, ServerUnreachable, too_large
from gym_server_client.link import Link
from gym_server_client.messages import MAX_BREAKS, PAUSES_S, Messages, outcome
from gym_server_client.transport import Call, Patience
from gym_server_client.values import Encoding, unpack

_UNANSWERED = 32
"""Messages under way at once: nobody reads replies while one is sent, and a server holds only so many."""
_KEEP_S = 5.0
"""Between looks at a socket that nobody uses: the server gives up one that answers no ping for 15 seconds."""


class SocketTransport:
    """One socket, whichever thread uses it; implements `Transport`.

    A connection is made with the first call. Instances made over it are closed by the server `lease_grace_s` after
    the last connection has gone, also where this program is killed.
    """

    encoding: Encoding = "msgpack"

    def __init__(self, address: Address, patience: Patience) -> None:
        self._address = address
        self._patience = patience
        self._messages = Messages(address, patience)
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._kept: threading.Event | None = None

    def call_all(self, calls: Sequence[Call]) -> list[Any]:
        """What became of each call, as the interface has it."""
        with self._lock:
            messages = dict(map(self._messages.write, calls))
            replies = self._exchange(messages) if messages else {}
        return [outcome(replies[number]) for number in messages]

    def keep(self) -> None:
        """A socket that nobody uses has answered pings; one that has broken is there again, if it can be."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._kept:
                self._look_after()
        finally:
            self._lock.release()

    def close(self) -> None:
        """There is no connection."""
        with self._lock:
            if self._kept:
                self._kept.set()
            if self._link:
                self._link.close()
            self._link = self._kept = None

    def _exchange(self, waiting: dict[int, bytes]) -> dict[int, Any]:
        """The reply to each message; those without one are sent again when the connection has broken."""
        deadline = time.monotonic() + self._patience.answer_s
        replies: dict[int, Any] = {}
        for _ in range(MAX_BREAKS):
            link = self._connected()
            try:
                self._converse(link, waiting, replies, deadline)
            except ConnectionClosed as closed:
                self._link = None
                if closed.rcvd and closed.rcvd.code == CloseCode.MESSAGE_TOO_BIG:
                    raise too_large() from closed
                if time.monotonic() >= deadline:
                    raise self._too_late() from closed
            except BaseException as error:  # also a Ctrl-C: what comes late shall find nobody
                self._link = None
                link.close()
                if isinstance(error, TimeoutError):
                    raise self._too_late() from error
                raise
            else:
                return replies
        raise ServerUnreachable(f"the connection broke {MAX_BREAKS} times before there was an answer")

    def _too_late(self) -> ServerUnreachable:
        return ServerUnreachable(f"no answer within {self._patience.answer_s:g} s")

    def _converse(self, link: Link, waiting: dict[int, bytes], replies: dict[int, Any], deadline: float) -> None:
        """Every message has its reply."""
        unsent = [number for number in waiting if number not in replies]
        for position, number in enumerate(unsent):
            if position >= _UNANSWERED:
                self._hear(link, waiting, replies, deadline)
            link.send(waiting[number], self._patience.answer_s)
        while len(replies) < len(waiting):
            self._hear(link, waiting, replies, deadline)

    def _hear(self, link: Link, waiting: dict[int, bytes], replies: dict[int, Any], deadline: float) -> None:
        reply = unpack(link.receive(deadline), "msgpack")
        if reply["id"] in waiting:  # the reply to a call that was given up is nobody's
            replies[reply["id"]] = reply

    def _look_after(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            if self._link:
                self._link.keep()
                return
        self._link = None
        with contextlib.suppress(OSError, WebSocketException, RemoteError):
            self._link = Link(self._address, self._messages.url)

    def _connected(self) -> Link:
        """The open socket. The first time it has to be there at once, later it may take `reconnect_s`."""
        if self._link:
            return self._link
        patience_s = self._patience.reconnect_s if self._kept else 0.0
        deadline = time.monotonic() + patience_s
        for attempt in itertools.count():
            try:
                self._link = link = Link(self._address, self._messages.url)
            except (OSError, WebSocketException) as error:
                pause_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
                if time.monotonic() + pause_s > deadline:
                    url = self._address.socket_url
                    raise ServerUnreachable(f"{url} cannot be reached: {error}") from error
                time.sleep(pause_s)
            else:
                break
        if not self._kept:
            self._kept = _kept_alive(self)
        return link


def _kept_alive(transport: SocketTransport) -> threading.Event:
    """Somebody looks after the transport until the event is set, or the transport is nobody's any more."""
    over = threading.Event()

    def look_after(reference: weakref.ref[SocketTransport]) -> None:
        while not over.wait(_KEEP_S):
            kept = reference()
            if kept is None:
                return
            kept.keep()
            del kept

    threading.Thread(target=look_after, args=(weakref.ref(transport),), name="gym-server-client", daemon=True).start()
    return over
