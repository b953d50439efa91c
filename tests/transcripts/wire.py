"""A client's end of a connection, down to the bytes: sends what it is given, forgives an answer nothing (RFC 9112)."""

import json
import re
import socket
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

_TIMEOUT_S = 30
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9]{2}) [ -~]*")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([!-~](?:[ -~]*[!-~])?)")
_WITHOUT_BODY = frozenset({100, 204, 304})


class Answer(NamedTuple):
    """One answer; `reads` is how often the socket had to be read for it."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes
    reads: int

    @property
    def json(self) -> Any:
        """The body, which is strict JSON (RFC 8259): no bare NaN or Infinity, no name twice."""
        return json.loads(self.body, parse_constant=_refuse, object_pairs_hook=_unique)

    @property
    def content_type(self) -> str | None:
        """As it was sent, to the letter."""
        return self.headers.get("content-type")


class Connection:
    """A connection to the server that is read as strictly as the strictest of its clients would."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        self.socket = socket.create_connection((address.hostname, address.port or 80), timeout=_TIMEOUT_S)
        self._read = bytearray()
        self._reads = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> Answer:
        """The answer to the request, with nothing behind it."""
        self.send(request)
        answer = self.receive()
        assert not self.left, f"more than an answer: {self.left!r}"
        return answer

    def send(self, request: bytes) -> None:
        """The bytes are on their way, in one piece."""
        self.socket.sendall(request)

    def receive(self) -> Answer:
        """The next answer, in the order in which they were asked for."""
        self._reads = 0
        version, status = _status(self._line())
        headers: dict[str, str] = {}
        while line := self._line():
            match = _HEADER.fullmatch(line)
            assert match, f"no header line: {line!r}"
            name = match[1].decode().lower()
            assert name not in headers, f"{name} is there twice"
            headers[name] = match[2].decode()
        return Answer(version, status, headers, self._bytes(_length(status, headers)), self._reads)

    @property
    def left(self) -> bytes:
        """What was read already and belongs to no answer."""
        return bytes(self._read)

    def is_ended(self) -> bool:
        """Whether the server has ended the connection, and said nothing more; waits for whichever it is."""
        return not self._read and self.socket.recv(1) == b""

    def _line(self) -> bytes:
        while (end := self._read.find(b"\r\n")) < 0:
            self._more()
        return self._taken(end + 2)[:-2]

    def _bytes(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        return self._taken(count)

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(1 << 20)
        assert data, f"the connection ended within an answer, after {bytes(self._read)!r}"
        self._read += data
        self._reads += 1


def _status(line: bytes) -> tuple[str, int]:
    match = _STATUS_LINE.fullmatch(line)
    assert match, f"no status line: {line!r}"
    return match[1].decode(), int(match[2])


def _length(status: int, headers: dict[str, str]) -> int:
    """The length of the body; old clients know no other way to tell it."""
    assert "transfer-encoding" not in headers
    assert "content-encoding" not in headers
    if status in _WITHOUT_BODY:
        assert "content-length" not in headers, "RFC 9110, 8.6: not where there can be no body"
        return 0
    assert headers.get("content-length", "").isdecimal(), f"a body of no certain length: {headers}"
    return int(headers["content-length"])


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    assert len(found) == len(members), f"a name is there twice: {members}"
    return found
