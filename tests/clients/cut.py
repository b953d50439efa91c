"""A way to a server that a test can cut: a real TCP relay, in a thread of its own."""

import contextlib
import selectors
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Relay:
    """Passes bytes between its own port and the server's; `cut` breaks what is connected.

    With `drop_answers` what the server says is swallowed, and the connection cut as soon as it speaks.
    """

    def __init__(self, url: str) -> None:
        self.lead_to(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wake, self._waker = socket.socketpair()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        for sock in (self._listener, self._wake):
            self._selector.register(sock, selectors.EVENT_READ)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self.drop_answers = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._waker.send(b"e")
        self._thread.join()
        for sock in (*self._pairs, self._listener, self._wake, self._waker):
            sock.close()
        self._selector.close()

    def lead_to(self, url: str) -> None:
        """What connects from here on finds this server."""
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))

    def cut(self) -> None:
        """All that is connected is not any more."""
        self._waker.send(b"c")

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    if self._wake.recv(1) == b"e":
                        return
                    self._cut_all()
                elif key.fileobj is self._listener:
                    self._connect()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._pairs:
                    self._pass_on(key.fileobj)

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._server)
        except OSError:
            client.close()
            return
        self._pairs |= {client: server, server: client}
        for sock in (client, server):
            self._selector.register(sock, selectors.EVENT_READ)

    def _pass_on(self, sock: socket.socket) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = sock.recv(1 << 16)
        is_answer = sock.getpeername() == self._server if data else False
        if data and is_answer and self.drop_answers:
            self.drop_answers -= 1
            self._cut_all()
        elif data:
            with contextlib.suppress(OSError):
                self._pairs[sock].sendall(data)
        else:
            self._end(sock)

    def _cut_all(self) -> None:
        self.cuts += 1
        for sock in list(self._pairs):
            if sock in self._pairs:
                self._end(sock)

    def _end(self, sock: socket.socket) -> None:
        for one in (sock, self._pairs.pop(sock)):
            self._pairs.pop(one, None)
            self._selector.unregister(one)
            one.close()
