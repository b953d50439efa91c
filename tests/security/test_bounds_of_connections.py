"""What a stranger sends or leaves unsent is bounded in size, depth, number and time; the others do not notice."""

import asyncio
import contextlib
import gzip
import socket
import zlib
from collections.abc import AsyncIterator

import msgpack
import psutil
import pytest
import uvloop
from aiohttp import web

from gateway.listening import listening
from gateway.security.connections import Connections
from tests.gateway.by_hand import Connection, Socket
from tests.server import Server, running_server

MEBIBYTE = 2**20
HALF_OPEN = 2000
BEGINNINGS = (b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"\x16\x03\x01\x02\x00")
PACKED = {"Content-Type": "application/msgpack"}
JSON = {"Content-Type": "application/json"}
DEEP = 100_000


def rss_bytes(server: Server) -> int:
    """Memory of the gateway alone."""
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.fixture(scope="module")
def path(server: Server) -> str:
    """An instance in its first episode."""
    path = f"/v2/envs/{server.create('CartPole-v1')}"
    server.http.post(f"{path}/reset")
    return path


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x-gzip"])
def test_a_body_that_unpacks_to_a_gigabyte_is_not_unpacked(server: Server, coding: str) -> None:
    """It is refused for being packed, whatever with."""
    bomb = gzip.compress(bytes(256 * MEBIBYTE), 1) if "gzip" in coding else zlib.compress(bytes(256 * MEBIBYTE), 1)
    before = rss_bytes(server)
    reply = server.http.post("/v2/envs", content=bomb[:MEBIBYTE], headers=JSON | {"Content-Encoding": coding})
    assert reply.status_code == 415
    assert rss_bytes(server) < before + 32 * MEBIBYTE


BOMBS = {
    "a list of 4 billion": b"\xdd\xff\xff\xff\xff",
    "a map of 4 billion": b"\xdf\xff\xff\xff\xff",
    "a text of 4 gigabytes": b"\x81\xa6action\xdb\xff\xff\xff\xff",
    "bytes of 4 gigabytes": b"\x81\xa6action\xc6\xff\xff\xff\xff",
    "an array of 2**60": b"\x81\xa6action" + msgpack.packb(msgpack.ExtType(1, msgpack.packb(["<f8", [2**60], b""]))),
    "an array of no bytes": b"\x81\xa6action" + msgpack.packb(msgpack.ExtType(1, msgpack.packb(["V0", [2**31], b""]))),
    "lists in lists": b"\x81\xa6action" + b"\x91" * DEEP + b"\x00",
    "maps in maps": b"\x81\xa6action" + b"\x81\xa1a" * DEEP + b"\x00",
    "an extension of 4 gigabytes": b"\x81\xa6action\xc9\xff\xff\xff\xff\x01",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_messagepack_that_promises_more_than_it_has_is_a_mistake(server: Server, path: str, bomb: bytes) -> None:
    """Nothing is set aside for what is only announced; the instance lives."""
    before = rss_bytes(server)
    reply = server.http.post(f"{path}/step", content=bomb, headers=PACKED)
    assert 400 <= reply.status_code < 500, reply.content
    assert rss_bytes(server) < before + 32 * MEBIBYTE
    assert server.http.get(path).json()["state"] == "ready"


@pytest.mark.parametrize(
    "body",
    ["[" * DEEP, '{"action":' * DEEP, '{"action":' + "[" * DEEP + "]" * DEEP + "}", '{"action": 1' + "0" * DEEP + "}"],
    ids=["lists", "objects", "action", "digits"],
)
def test_json_has_a_depth(server: Server, path: str, body: str) -> None:
    """Over HTTP and on a socket, which lives on; the instance does, too."""
    assert 400 <= server.http.post(f"{path}/step", content=body, headers=JSON).status_code < 500
    with Socket(server.url) as socket:
        socket.socket.settimeout(60)
        instance_id = path.rpartition("/")[2]
        message = '{"id": 1, "op": "step", "instance_id": "' + instance_id + '", "action": ' + body + "}"
        socket.send_frame(1, message.encode())
        assert 400 <= socket.receive()["status"] < 500
        assert socket.ask(id=2, op="describe", instance_id=instance_id)["body"]["state"] == "ready"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"a" * 100_000 + b": x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"G" * 100_000,
    ],
    ids=["target", "value", "name", "number", "method"],
)
def test_a_head_has_a_size(server: Server, head: bytes) -> None:
    """400, and the connection ends."""
    with Connection(server.url) as connection:
        with contextlib.suppress(ConnectionError):  # it may have been refused before it was whole
            connection.socket.sendall(head)
        assert connection.response()[0] == 400


def test_thousands_of_half_open_connections_keep_nobody_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    """From one address more than it may have: the oldest of them go, and whoever has something to say is heard."""
    folder = tmp_path_factory.mktemp("crowd")
    with running_server(folder, "--max-connections", "512") as server, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(Connection(server.url)) for _ in range(256)]
        for number in range(HALF_OPEN):
            crowd.append(stack.enter_context(Connection((server.url, server.artifacts_url)[number % 2])))
            with contextlib.suppress(ConnectionError):
                crowd[-1].socket.sendall(BEGINNINGS[number % 4])
        assert server.http.get("/healthz").status_code == 200
        assert server.files.get("/").status_code == 200
        assert psutil.Process(server.process.pid).num_fds() < 512 + 128
        assert crowd[0].socket.recv(1) == b""


@contextlib.asynccontextmanager
async def short_of_time(head_s: float, most: int = 8) -> AsyncIterator[str]:
    """A server that waits for a head so long, and takes so many connections."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="yes")

    async def echo(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        async for message in response:
            await response.send_str(message.data)
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    app.router.add_get("/echo", echo)
    async with listening(app, "127.0.0.1", 0, connections=Connections(most, head_s=head_s)) as url:
        yield url


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_a_head_that_comes_too_slowly_is_given_up() -> None:
    """The first of a connection and every other; a connection that rests between two whole ones is not."""
    async with asyncio.timeout(60), short_of_time(0.5) as url:
        port = int(url.rpartition(":")[2])
        slow, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST[:-2])
        assert await slow.read() == b""
        writer.close()
        resting, still = await asyncio.open_connection("127.0.0.1", port)
        still.write(REQUEST)
        await resting.readuntil(b"yes")
        second, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(REQUEST)
        await second.readuntil(b"yes")
        other.write(REQUEST[:-2])
        assert await second.read() == b""  # by now the first has rested for longer
        still.write(REQUEST)
        assert b"yes" in await resting.readuntil(b"yes")
        for each in (still, other):
            each.close()


UPGRADE = b"""GET /echo HTTP/1.1\r
Host: localhost\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
Sec-WebSocket-Version: 13\r
\r
"""
FRAME = b"\x81\x82\0\0\0\0hi"


def test_a_socket_may_rest_for_longer_than_a_head_may_take() -> None:
    """In the server's own event loop, also where the head is there before anybody waits for it."""

    async def rest() -> None:
        async with asyncio.timeout(60), short_of_time(0.3) as url:
            connected = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
            connected.sendall(UPGRADE)  # before the loop gets to run
            reader, writer = await asyncio.open_connection(sock=connected)
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(2):
                writer.write(FRAME)
                assert await reader.readexactly(4) == b"\x81\x02hi"
                await asyncio.sleep(0.5)
            writer.close()

    uvloop.run(rest())


async def test_an_address_has_so_many_connections_and_no_more() -> None:
    """Those that are in use are left alone, and one more is refused."""
    async with asyncio.timeout(60), short_of_time(60.0, most=4) as url, contextlib.AsyncExitStack() as stack:
        port = int(url.rpartition(":")[2])
        used = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write(REQUEST)
            await reader.readuntil(b"yes")
            used.append((reader, writer))
        refused, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        with contextlib.suppress(ConnectionError):
            assert await refused.read() == b""
        elsewhere, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0))
        stack.callback(writer.close)
        writer.write(REQUEST)
        assert b"yes" in await elsewhere.readuntil(b"yes")
        for reader, writer in used:
            writer.write(REQUEST)
            assert b"yes" in await reader.readuntil(b"yes")
