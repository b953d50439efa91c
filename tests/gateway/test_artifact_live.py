"""The live view: pictures as they are drawn, for as long as somebody looks."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateway.artifacts import live
from gateway.artifacts.live import MAX_VIEWERS
from tests.gateway.artifact_server import ONE, ArtifactServer, artifact_server

LATEST = f"{ONE}/rendered/latest.jpg"
PNG = f"{ONE}/rendered/latest.png"


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[ArtifactServer]:
    """The port of a data directory with one instance in it."""
    async with artifact_server(tmp_path) as running:
        running.make(ONE)
        yield running


class View:
    """A client of `/<id>/live`, as an `<img>` is one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        assert response.status == 200
        assert response.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
        self._content = response.content
        self.parts: list[bytes] = []

    async def begin(self) -> None:
        assert await self._content.readuntil(b"\r\n") == b"--picture\r\n"

    async def part(self, kind: str = "jpeg") -> bytes:
        """The next picture, known to be whole by the boundary behind it."""
        assert await self._content.readuntil(b"\r\n") == f"Content-Type: image/{kind}\r\n".encode()
        length = int((await self._content.readuntil(b"\r\n\r\n")).removeprefix(b"Content-Length: "))
        self.parts.append(await self._content.readexactly(length))
        assert await self._content.readexactly(13) == b"\r\n--picture\r\n"
        return self.parts[-1]

    async def newer(self) -> bytes:
        """The next picture that is another than the one before."""
        before = self.parts[-1:]
        while [picture := await self.part()] == before:
            pass
        return picture

    async def is_over(self) -> bool:
        """Nothing follows but the end, and perhaps the last picture once more."""
        rest = await self._content.read()
        return not rest or rest.count(b"--picture") == rest.count(self.parts[-1]) == 1


@contextlib.asynccontextmanager
async def looking(server: ArtifactServer) -> AsyncIterator[View]:
    """Somebody looks at the instance; at the end the connection is gone."""
    async with server.session.get("http://{}:{}/{}/live".format(*server.address, ONE)) as response:
        view = View(response)
        await view.begin()
        yield view
        response.close()


@contextlib.contextmanager
def stalled_viewer(server: ArtifactServer) -> Iterator[socket.socket]:
    """A viewer on a line that takes little, which does not read."""
    with socket.socket() as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        viewer.connect(server.address)
        viewer.sendall(b"GET /%b/live HTTP/1.0\r\n\r\n" % ONE.encode())
        viewer.setblocking(False)
        yield viewer


async def test_a_viewer_sees_the_picture_of_now_and_then_every_newer_one(server: ArtifactServer) -> None:
    """The first at once, the next when it is there."""
    server.put(LATEST, b"first")
    async with looking(server) as view:
        assert await view.newer() == b"first"
        for picture in (b"second", b"third" * 100_000, b"fourth"):
            await server.living.asked_again()
            server.put(LATEST, picture)
            assert await view.newer() == picture


async def test_a_picture_that_stays_is_sent_twice_and_no_more(server: ArtifactServer) -> None:
    """Chromium shows a part when the next one begins, so the last picture would not be seen otherwise."""
    server.put(LATEST, b"first")
    async with looking(server) as view:
        assert [await view.part(), await view.part()] == [b"first", b"first"]
        await server.living.asked_again()
        server.put(LATEST, b"second")
        assert [await view.part(), await view.part()] == [b"second", b"second"]


async def test_a_viewer_can_come_before_the_first_picture(server: ArtifactServer) -> None:
    """It waits, and gets the first picture when it is drawn."""
    async with looking(server) as view:
        await server.living.asked_again()
        server.put(LATEST, b"first")
        assert await view.newer() == b"first"


async def test_every_part_is_a_jpeg_while_the_instance_is_drawn(server: ArtifactServer) -> None:
    """Players of MJPEG take nothing else: what a client had drawn as PNG is not mixed in, however new it is."""
    server.put(PNG, b"png")
    async with looking(server) as view:
        await server.living.asked_again()
        server.put(LATEST, b"first")
        assert await view.part() == b"first"
        server.put(PNG, b"newer png")
        await server.living.asked_again()
        server.put(LATEST, b"second")
        assert await view.newer() == b"second"


async def test_the_only_picture_of_an_instance_that_nobody_saw_is_shown_as_it_is(server: ArtifactServer) -> None:
    """It was drawn as PNG, at a client's request, and is drawn no more."""
    server.put(PNG, b"png")
    server.living.documents[ONE] |= {"state": "crashed"}
    async with looking(server) as view:
        assert await view.part("png") == b"png"


async def test_pictures_are_wanted_only_while_somebody_looks(server: ArtifactServer) -> None:
    """Each viewer counts once, until it leaves; HEAD and the status are no viewers."""
    server.put(LATEST)
    await server.request(f"/{ONE}/live", "HEAD")
    await server.request(f"/{ONE}/status")
    assert not server.living.viewers[ONE]
    async with looking(server):
        await server.living.watched_by(ONE, 1)
        async with looking(server):
            await server.living.watched_by(ONE, 2)
        await server.living.watched_by(ONE, 1)
    await server.living.watched_by(ONE, 0)


async def test_viewers_of_one_instance_have_a_bound(server: ArtifactServer) -> None:
    """One too many is refused as a problem; when one leaves, another may come."""
    server.put(LATEST)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_VIEWERS - 1):
            await stack.enter_async_context(looking(server))
        async with looking(server):
            answer = await server.request(f"/{ONE}/live")
            assert (answer.status, answer.json["code"]) == (429, "limit_reached")
            assert answer.headers["Retry-After"]
        await server.living.watched_by(ONE, MAX_VIEWERS - 1)
        await stack.enter_async_context(looking(server))
    await server.living.watched_by(ONE, 0)


async def test_the_view_ends_with_the_instance(server: ArtifactServer) -> None:
    """After the last picture; whoever comes later gets that one picture, and where there is none, a problem."""
    server.put(LATEST, b"first")
    async with looking(server) as view:
        await view.newer()
        server.put(LATEST, b"last")
        del server.living.documents[ONE]
        assert await view.newer() == b"last"
        assert await view.is_over()
    async with looking(server) as view:
        assert await view.newer() == b"last"
        assert await view.is_over()
    (server.root / LATEST).unlink()
    assert (await server.request(f"/{ONE}/live")).json["code"] == "not_found"


async def test_the_view_outlives_a_crash(server: ArtifactServer) -> None:
    """The instance may be started again under its id, and draws again."""
    async with looking(server) as view:
        server.living.documents[ONE] |= {"state": "crashed"}
        await server.living.asked_again()
        server.put(LATEST, b"again")
        assert await view.newer() == b"again"


async def test_the_server_ends_though_somebody_looks(server: ArtifactServer) -> None:
    """At once, not after the time that it gives to requests that run; also with a viewer that has stopped reading."""
    server.put(LATEST, b"x" * 30_000_000)
    with stalled_viewer(server):
        async with looking(server) as view:
            await server.living.watched_by(ONE, 2)
            await view.newer()
            async with asyncio.timeout(2.5):
                await server.runner.cleanup()
            assert await view.is_over()
    assert not server.living.viewers[ONE]


async def test_a_slow_viewer_sees_the_newest_picture_not_a_backlog(server: ArtifactServer) -> None:
    """What it had no time for is dropped, here most of fifteen pictures of 2 MB; it never holds up the server."""
    with stalled_viewer(server) as viewer:
        await server.living.watched_by(ONE, 1)
        for number in range(15):
            server.put(LATEST, b"%02d" % number + b"x" * 2_000_000)
            await server.living.asked_again()
        reader, writer = await asyncio.open_connection(sock=viewer)
        seen: list[bytes] = []
        while seen[-1:] != [b"14"]:
            await reader.readuntil(b"Content-Length: 2000002\r\n\r\n")
            seen.append((await reader.readexactly(2_000_002))[:2])
        assert len(seen) <= 4
        writer.close()
        await writer.wait_closed()


async def test_a_viewer_that_takes_nothing_is_let_go(server: ArtifactServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody draws for it any more."""
    monkeypatch.setattr(live, "_STALLED_S", 0.3)
    server.put(LATEST, b"x" * 30_000_000)
    with stalled_viewer(server):
        await server.living.watched_by(ONE, 1)
        await server.living.watched_by(ONE, 0)


async def test_a_picture_that_cannot_be_read_is_passed_over(server: ArtifactServer) -> None:
    """A link or a folder in its place shows nothing; the next real one is shown."""
    latest = server.root / LATEST
    server.put("secret", b"SECRET")
    async with looking(server) as view:
        latest.symlink_to(server.root / "secret")
        await server.living.asked_again()
        latest.unlink()
        latest.mkdir()
        await server.living.asked_again()
        latest.rmdir()
        server.put(LATEST, b"real")
        assert await view.newer() == b"real"
