"""Bytes that two readers could take for different requests are none, and no header is another's."""

import pytest

from tests.gateway.by_hand import Connection
from tests.server import Server

HOST = b"Host: localhost\r\n"
SMUGGLED = b"DELETE /v2/envs/01234567 HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /v2/envs HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


def statuses(server: Server, sent: bytes) -> list[int]:
    """The statuses of all answers to these bytes until the server hangs up."""
    found = []
    with Connection(server.url) as connection:
        connection.socket.sendall(sent)
        try:
            while True:
                found.append(connection.response()[0])
        except (EOFError, ConnectionError):
            return found


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 54\r\n\r\n",
        b"Content-Length: 0, 54\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length: \xd9\xa0\r\n\r\n",
        b"Content-Length : 0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"X: y\r\n Content-Length: 54\r\n\r\n",
        b"X\x00: y\r\n\r\n",
        b"X: a\x00b\r\n\r\n",
        b"X: a\rContent-Length: 54\r\n\r\n",
        b"No colon at all\r\n\r\n",
    ],
)
def test_a_request_of_two_readings_is_refused(server: Server, head: bytes) -> None:
    """400, and the connection ends before what was hidden behind it is read as a request of its own."""
    answered = statuses(server, POST + head + SMUGGLED)
    assert answered[:1] == [400]
    assert len(answered) == 1


@pytest.mark.parametrize("line", [b"GET /healthz HTTP/1.1 x", b"GET /healthz HTTP/9.9", b"/healthz"])
def test_a_line_that_is_no_requests_is_refused(server: Server, line: bytes) -> None:
    """As are two names for the host, of which a proxy may have read the other."""
    assert statuses(server, line + b"\r\n" + HOST + b"\r\n")[0] == 400
    assert statuses(server, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n")[0] == 400


def test_requests_one_after_the_other_are_as_many_answers(server: Server) -> None:
    """The honest case: a body of the announced length, chunks, and what follows them."""
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    whole = POST + b"Content-Length: 2\r\n\r\n{}"
    last = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
    assert statuses(server, chunked + whole + last) == [422, 422, 200]


@pytest.mark.parametrize("name", ["%0d%0aSet-Cookie:%20a=b", "%0aX-Injected:%201", "%e5%98%8a%e5%98%8dSet-Cookie:a=b"])
def test_nothing_that_is_sent_becomes_a_header(server: Server, name: str) -> None:
    """Neither from a path, a query, nor a name that comes back."""
    paths = (f"/v2/envs/{name}", f"/v2/envs?state={name}", f"/v2/registry/{name}", f"/pages/{name}")
    for client, path in [(server.http, path) for path in paths] + [(server.files, f"/{name}/rendered/{name}")]:
        reply = client.get(path)
        assert 400 <= reply.status_code < 500
        assert "Set-Cookie" not in reply.headers
        assert "X-Injected" not in reply.headers
