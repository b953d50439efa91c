"""How a client's requests are written down, and put on the wire as that client puts them there."""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple, Self

from tests.transcripts.shapes import Expected
from tests.transcripts.wire import Answer, Connection

NO_BODY = None
"""No body, and no length either: how a GET usually is."""


class Exchange(NamedTuple):
    """A request, and what has to come back. `{id}` in the path or in the body is the last instance created."""

    method: str
    path: str
    expected: Expected
    body: bytes | None = NO_BODY
    headers: Sequence[str] | None = None  # in place of those that the client usually sends


def get(path: str, expected: Expected, body: bytes | None = NO_BODY) -> Exchange:
    """A GET, which some clients give a body."""
    return Exchange("GET", path, expected, body)


def post(path: str, expected: Expected, body: bytes | None, headers: Sequence[str] | None = None) -> Exchange:
    """A POST."""
    return Exchange("POST", path, expected, body, headers)


class Client(NamedTuple):
    """One of the fifteen: the headers with which it says anything, and the session that its example and tests make.

    `bare` are the headers of a POST that has nothing to say. `host` is how its examples name the server.
    """

    name: str
    host: str
    get: Sequence[str]
    post: Sequence[str]
    session: Sequence[Exchange]
    bare: Sequence[str] | None = None
    keeps_alive: bool = True

    @property
    def first_instance(self) -> Sequence[Exchange]:
        """What it does with the first instance that it creates."""
        creations = [index for index, exchange in enumerate(self.session) if exchange.path.rstrip("/") == "/v1/envs"]
        later = [index for index in creations if index and self.session[index].method == "POST"]
        return self.session[1 : later[0] if later else None]

    def headers(self, exchange: Exchange) -> Sequence[str]:
        """What it sends beside the host and the length."""
        if exchange.headers is not None:
            return exchange.headers
        if exchange.method == "GET":
            return self.get
        return self.post if self.bare is None or exchange.body else self.bare


class Replay:
    """A client at work: one connection as long as it keeps one, a new one for each request otherwise."""

    def __init__(self, url: str, client: Client) -> None:
        self._url = url
        self._port = url.rpartition(":")[2]
        self._client = client
        self._connections = contextlib.ExitStack()
        self._connection: Connection | None = None
        self.instance_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._connections.close()

    def run(self, exchange: Exchange) -> Answer:
        """The answer, checked; the id in it is the instance's from here on."""
        connection = self._connect()
        answer = connection.ask(self.request(exchange))
        self._check(exchange, answer)
        if not self._client.keeps_alive:
            assert connection.is_ended()
        if answer.body and "instance_id" in answer.json:
            self.instance_id = answer.json["instance_id"]
        return answer

    def run_ahead(self, exchanges: Sequence[Exchange]) -> None:
        """All requests are sent before the first answer is read; each answer is checked."""
        connection = self._connect()
        connection.send(b"".join(self.request(exchange) for exchange in exchanges))
        for exchange in exchanges:
            self._check(exchange, connection.receive())

    def _connect(self) -> Connection:
        if self._connection is None or not self._client.keeps_alive:
            self._connection = self._connections.enter_context(Connection(self._url))
        return self._connection

    def _check(self, exchange: Exchange, answer: Answer) -> None:
        try:
            exchange.expected.check(answer)
        except AssertionError as error:
            error.add_note(
                f"{self._client.name}: {exchange.method} {exchange.path} {exchange.body!r}\n{answer!r:.2000}"
            )
            raise

    def request(self, exchange: Exchange) -> bytes:
        """The bytes of the request."""
        path = exchange.path.replace("{id}", self.instance_id)
        lines = [f"{exchange.method} {path} HTTP/1.1", f"Host: {self._client.host}:{self._port}"]
        lines += self._client.headers(exchange)
        body = exchange.body
        if body is not None:
            body = body.replace(b"{id}", self.instance_id.encode())
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
