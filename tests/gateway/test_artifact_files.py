"""The artifact port's files: how they are served, and what nobody reaches through it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from gateway.artifacts import download
from tests.gateway.artifact_server import ONE, TWO, ArtifactServer, artifact_server


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[ArtifactServer]:
    """The port of a data directory with one instance in it."""
    async with artifact_server(tmp_path / "data") as running:
        running.make(ONE)
        yield running


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("rendered/1.png", "image/png"), ("rendered/1.txt", "text/plain; charset=utf-8"),
     ("simulation/openaigym.video.0.7.video000000.mp4", "video/mp4"),
     ("simulation/openaigym.manifest.0.7.manifest.json", "application/json"),
     ("logs/output.log", "text/plain; charset=utf-8"), ("logs/output.log.1", "text/plain; charset=utf-8"),
     ("archives/1.tar.gz", "application/gzip"), ("simulation/a/b/c.PNG", "image/png")],
)  # fmt: skip
async def test_a_file_is_served_as_what_it_is(server: ArtifactServer, path: str, content_type: str) -> None:
    """Its media type is right, and no browser guesses another."""
    server.put(f"{ONE}/{path}", b"bytes of it")
    answer = await server.request(f"/{ONE}/{path}")
    assert (answer.status, answer.body) == (200, b"bytes of it")
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["evil.html", "evil.svg", "evil.js", "evil", "evil.xhtml", "evil.png.html"])
async def test_a_file_that_could_run_is_only_ever_saved(server: ArtifactServer, name: str) -> None:
    """An environment may write any file; a browser gets it as bytes to be saved, in a sandbox."""
    server.put(f"{ONE}/simulation/{name}", "<script>alert(1)</script>")
    answer = await server.request(f"/{ONE}/simulation/{name}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_file_from_a_time_without_a_calendar_is_listed_and_served(server: ArtifactServer) -> None:
    """Anyone may give a file any time."""
    file = server.put(f"{ONE}/simulation/1.png")
    os.utime(file, (2**40, 2**40))
    assert (await server.request(f"/{ONE}/simulation/")).status == 200
    assert (await server.request(f"/{ONE}/simulation/1.png")).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=7-", 206, b"789", "bytes 7-9/10"),
     ("bytes=-2", 206, b"89", "bytes 8-9/10"), ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
     ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"), ("BYTES=0-0", 206, b"0", "bytes 0-0/10"),
     ("bytes=10-", 416, b"", "bytes */10"), ("bytes=-0", 416, b"", "bytes */10"),
     ("bytes=4-2", 200, b"0123456789", None), ("bytes=-", 200, b"0123456789", None),
     ("bytes=0-1,3-4", 200, b"0123456789", None), ("lines=0-1", 200, b"0123456789", None),
     (f"bytes={'9' * 5000}-", 200, b"0123456789", None)],
)  # fmt: skip
async def test_a_part_of_a_file_can_be_asked_for(
    server: ArtifactServer, asked: str, status: int, body: bytes, content_range: str | None
) -> None:
    """One range is answered as RFC 9110 has it; what is not one, or not of its form, gets the whole file."""
    server.put(f"{ONE}/simulation/video.mp4", b"0123456789")
    answer = await server.request(f"/{ONE}/simulation/video.mp4", Range=asked)
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("Content-Range") == content_range


async def test_a_range_holds_only_for_the_file_it_was_begun_with(server: ArtifactServer) -> None:
    """With If-Range the whole file comes once it is another one; HEAD knows no ranges."""
    path = f"/{ONE}/simulation/video.mp4"
    server.put(path[1:], b"0123456789")
    before = (await server.request(path)).headers
    for validator in (before["ETag"], before["Last-Modified"]):
        answer = await server.request(path, Range="bytes=0-1", If_Range=validator)
        assert (answer.status, answer.body) == (206, b"01")
    assert (await server.request(path, "HEAD", Range="bytes=0-1")).headers["Content-Length"] == "10"
    server.put(path[1:], b"abcdefghij")
    answer = await server.request(path, Range="bytes=0-1", If_Range=before["ETag"])
    assert (answer.status, answer.body) == (200, b"abcdefghij")


async def test_a_file_that_the_caller_has_is_not_sent_again(server: ArtifactServer) -> None:
    """304 for its ETag or its date; a replaced file has another ETag; `latest.png` is never stored."""
    path = f"/{ONE}/rendered/1.png"
    server.put(path[1:], b"0123456789")
    first = (await server.request(path)).headers
    tags = f'"other", W/{first["ETag"]}'
    for headers in ({"If_None_Match": tags}, {"If_Modified_Since": first["Last-Modified"]}, {"If_None_Match": "*"}):
        answer = await server.request(path, **headers)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", first["ETag"])
    server.put(path[1:], b"abcdefghij")
    assert (await server.request(path, If_None_Match=first["ETag"])).status == 200
    server.put(f"{ONE}/rendered/latest.png")
    assert (await server.request(f"/{ONE}/rendered/latest.png")).headers["Cache-Control"] == "no-store"


async def test_a_file_replaced_while_it_is_read_stays_the_one_that_was_begun(server: ArtifactServer) -> None:
    """A reader has the old file or the new one, never a mixture."""
    old, new = b"o" * 30_000_000, b"n" * 30_000_000
    path = f"{ONE}/rendered/latest.png"
    server.put(path, old)
    async with server.session.get("http://{}:{}/".format(*server.address) + path) as response:
        begin = await response.content.readexactly(1)
        server.put(path, new)
        assert begin + await response.read() == old
    assert (await server.request("/" + path)).body == new


async def test_a_file_cut_off_while_it_is_read_breaks_the_connection(server: ArtifactServer) -> None:
    """The reader learns that it has not got the whole file, and does not wait for the rest."""
    file = server.put(f"{ONE}/logs/output.log", b"x" * 30_000_000)
    async with server.session.get("http://{}:{}/{}/logs/output.log".format(*server.address, ONE)) as response:
        await response.content.readexactly(1)
        os.truncate(file, 1)
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_reader_that_takes_nothing_is_let_go(server: ArtifactServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bounded time its connection is cut, and the memory and the file that it held are free again."""
    is_written, given_up = download._is_written, asyncio.Event()

    async def observed(response: web.StreamResponse, chunk: bytes) -> bool:
        is_taken = await is_written(response, chunk)
        if not is_taken:
            given_up.set()
        return is_taken

    monkeypatch.setattr(download, "_WRITE_S", 0.3)
    monkeypatch.setattr(download, "_is_written", observed)
    server.put(f"{ONE}/logs/output.log", b"x" * 30_000_000)
    async with server.session.get("http://{}:{}/{}/logs/output.log".format(*server.address, ONE)) as response:
        await given_up.wait()
        with pytest.raises(aiohttp.ClientError):
            await response.read()


SPELLINGS = [
    "/../secret", "/{0}/../secret", "/{0}/rendered/../../secret", "/{0}/rendered/../instance.json",
    "/{0}/rendered/%2e%2e/%2e%2e/secret", "/{0}/rendered/%252e%252e/%252e%252e/secret",
    "/{0}/rendered/..%2f..%2fsecret", "/{0}/rendered/..%5c..%5csecret", "/{0}/rendered//etc/passwd",
    "/{0}/rendered/%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd", "/{0}/rendered/....//....//secret",
    "/{0}/rendered/./1.png", "/{0}/rendered//1.png", "/{0}/rendered/1.png%00", "/{0}/rendered/%00/1.png",
    "/{0}/rendered/..", "/{0}/rendered/%2e", "/{0}/instance.json", "/{0}/%2e%2e/secret", "/{0}/secret",
    "/scoreboard.sqlite3", "/{0}/..%2fscoreboard.sqlite3", "/{0}/rendered/.1.png.9.tmp", "/{0}/logs/.hidden/x",
    "/{0}/rendered/%c0%ae%c0%ae/secret", "/{0}%2frendered%2f1.png", "/{0}/Rendered/1.png", "/pages/../app.py",
    "/pages/..%2fapp.py", "/pages/%2e%2e%2fapp.py", "/pages/listing.html", "http://here/{0}/rendered/../../secret",
    "/{0}/rendered/" + "a" * 300, "/{0}/rendered/" + "a/" * 2000, "/0000AAA1/", "/0000aaa1x/", "/{0}\xff/",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_nothing_else_is_reachable_by_any_spelling(server: ArtifactServer, spelling: str) -> None:
    """Sent byte for byte: 404 or 400, and never a byte of a file that is not in an instance's four folders."""
    for path in (f"{ONE}/rendered/1.png", "secret", f"{ONE}/secret", "scoreboard.sqlite3", "../secret"):
        server.put(path, b"SECRET")
    server.put(f"{ONE}/rendered/.1.png.9.tmp", b"SECRET")
    server.put(f"{ONE}/logs/.hidden/x", b"SECRET")
    answer = await server.raw(spelling.format(ONE).encode("latin-1"))
    assert answer.status in (400, 404)
    assert b"SECRET" not in answer.body
    assert b"root:" not in answer.body


async def test_links_are_neither_followed_nor_listed(server: ArtifactServer) -> None:
    """Whether to a file, a folder, out of the instance or within it; nor a folder or instance that is itself a link."""
    server.put("secret", b"SECRET")
    server.put(f"{ONE}/rendered/1.png", b"SECRET")
    simulation = server.root / ONE / "simulation"
    (simulation / "file.txt").symlink_to(server.root / "secret")
    (simulation / "folder").symlink_to(server.root)
    (simulation / "inner.png").symlink_to("../rendered/1.png")
    (server.root / ONE / "archives").symlink_to(server.root / ONE / "rendered")
    (server.root / TWO).symlink_to(ONE)
    for path in ("simulation/file.txt", "simulation/folder/secret", "simulation/folder/", "simulation/inner.png",
                 "archives/", "archives/1.png"):  # fmt: skip
        assert (await server.request(f"/{ONE}/{path}")).status == 404
    for path in ("", "rendered/", "rendered/1.png", "status", "live"):
        assert (await server.request(f"/{TWO}/{path}")).status == 404
    assert (await server.json(f"/{ONE}/simulation/"))["entries"] == []
    assert [each["name"] for each in (await server.json(f"/{ONE}/"))["entries"]] == ["rendered", "simulation", "logs"]
    assert (await server.json("/"))["total"] == 1


async def test_pipes_sockets_and_devices_are_refused_at_once(server: ArtifactServer) -> None:
    """A pipe without a writer hangs whoever opens it; here nobody does, and others are served meanwhile."""
    simulation = server.root / ONE / "simulation"
    os.mkfifo(simulation / "pipe.png")
    os.mkfifo(server.root / ONE / "rendered" / "latest.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(simulation / "socket.txt"))
    names = ["pipe.png", "socket.txt"]
    if os.geteuid() == 0:
        os.mknod(simulation / "zero.txt", 0o20666, os.makedev(1, 5))
        names.append("zero.txt")
    answers = await asyncio.gather(*(server.request(f"/{ONE}/simulation/{name}") for name in names * 20))
    assert {answer.status for answer in answers} == {404}
    assert (await server.request(f"/{ONE}/rendered/latest.png")).status == 404
    assert (await server.json(f"/{ONE}/simulation/"))["entries"] == []
    assert (await server.json(f"/{ONE}/status"))["picture"] is None
