"""Connections that are kept alive, with requests made beforehand, and as little else as there can be."""

import socket
from functools import cached_property
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 1 << 20
_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length: "


class RawHttp:
    """One connection that sends the same requests over and over, and reads of an answer only where it ends.

    Where `begin` is given, it is sent in place of the request after an answer that has `"done":true`: the clients of
    2016 begin their episodes themselves.
    """

    def __init__(self, url: str, *requests: bytes, begin: bytes = b"") -> None:
        self._url = url
        self._requests = requests
        self._begin = begin
        self._has_ended = bool(begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if "_socket" in vars(self):
            self._socket.close()

    @cached_property
    def _socket(self) -> socket.socket:
        """Opened when it is needed: a server does not wait long for the first request of a connection."""
        address = urlsplit(self._url)
        opened = socket.create_connection((address.hostname or "", address.port or 80), timeout=60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def fileno(self) -> int:
        """For those who wait for several."""
        return self._socket.fileno()

    def send(self, number: int) -> None:
        """The next request is on its way."""
        self._socket.sendall(self._begin if self._has_ended else self._requests[number % len(self._requests)])

    def receive(self) -> bytes:
        """The body of the answer, which has come whole.

        Raises:
            RuntimeError: it is an error, or there is none.
        """
        answer, missing = b"", 1
        while missing > 0:
            chunk = self._socket.recv(_CHUNK_BYTES)
            if not chunk:
                raise RuntimeError("the server has closed the connection")
            answer = answer + chunk if answer else chunk
            head, ended, body = answer.partition(b"\r\n\r\n")
            missing = _length(head) - len(body) if ended else 1
        if not answer.startswith(_OK):
            raise RuntimeError(answer.decode())
        self._has_ended = bool(self._begin) and b'"done":true' in body
        return body

    def exchange(self, made: bytes) -> bytes:
        """The body of the answer to one request, which is none of those made beforehand."""
        self._socket.sendall(made)
        return self.receive()

    def ask(self, number: int) -> None:
        """One request and its answer."""
        self.send(number)
        self.receive()


def request(path: str, body: bytes, media_type: str = "application/json") -> bytes:
    """A POST with as few headers as a client can send."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {media_type}",
        f"Accept: {media_type}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def _length(head: bytes) -> int:
    return int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0])
