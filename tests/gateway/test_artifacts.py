"""The artifact port's pages: which instances there are, what lies in their folders, for people and for programs."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.artifacts.paths import url_of
from tests.gateway.artifact_server import ONE, TWO, ArtifactServer, artifact_server

MARKUP = '<script>alert(1)</script>"&'
HREF = re.compile(r'(?:href|src)="(/[^"]*)"')


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[ArtifactServer]:
    """The port of a data directory with one instance in it."""
    async with artifact_server(tmp_path / "data") as running:
        running.make(ONE)
        yield running


async def test_root_lists_the_instances_newest_first(server: ArtifactServer) -> None:
    """The later one stands before the earlier one, in the page as in the JSON."""
    server.make(TWO, "FrozenLake-v1")
    os.utime(server.root / ONE / "instance.json", (1, 1))
    os.utime(server.root / TWO / "instance.json", (2, 2))
    told = await server.json("/")
    assert [each["instance_id"] for each in told["instances"]] == [TWO, ONE]
    assert told["instances"][0] == {
        "instance_id": TWO, "env_id": "FrozenLake-v1", "created_at": "2026-01-02T03:04:05.678000Z", "state": "ready",
        "rendered": f"/{TWO}/rendered/", "simulation": f"/{TWO}/simulation/", "logs": f"/{TWO}/logs/",
        "render_html": f"/render.html?instance_id={TWO}",
    }  # fmt: skip
    page = (await server.request("/")).text
    assert 0 < page.index(TWO) < page.index(ONE)


async def test_an_instance_that_was_closed_stays_listed(server: ArtifactServer) -> None:
    """Its artifacts outlive it, and its state is null."""
    del server.living.documents[ONE]
    (told,) = (await server.json("/"))["instances"]
    assert told["state"] is None
    assert told["env_id"] == "CartPole-v1"
    assert (await server.request(f"/{ONE}/")).status == 200


@pytest.mark.parametrize("facts", [b"", b"[]", b'{"env_id": 7}', b'{"env_id": "\xff"}', b"[" * 4000, b"x" * 9000, None])
async def test_an_instance_whose_facts_were_spoilt_is_still_listed(server: ArtifactServer, facts: bytes | None) -> None:
    """An environment can overwrite or delete what the supervisor wrote; only the name of the environment is lost."""
    (server.root / ONE / "instance.json").unlink()
    if facts is not None:
        server.put(f"{ONE}/instance.json", facts)
    (told,) = (await server.json("/"))["instances"]
    assert (told["instance_id"], told["env_id"]) == (ONE, None)


async def test_a_long_list_comes_in_pages(server: ArtifactServer) -> None:
    """Each page says what follows, and all pages together are the list; the same for a folder."""
    for number in range(25):
        (server.root / f"{number:08x}").mkdir()
        server.put(f"{ONE}/rendered/{number + 1}.png")
    for path, key, total in (("/", "instances", 26), (f"/{ONE}/rendered/", "entries", 25)):
        seen, query = [], "?limit=10"
        while query:
            told = await server.json(path + query)
            assert told["total"] == total
            seen += [each.get("instance_id") or each["name"] for each in told[key]]
            query = told["next"]
        assert len(set(seen)) == len(seen) == total
    assert seen == [f"{number}.png" for number in range(1, 26)]  # by number: 2.png before 10.png
    page = (await server.request("/?limit=10&offset=10")).text
    assert 'rel="next" href="/?limit=10&amp;offset=20"' in page
    assert 'rel="prev" href="/?limit=10&amp;offset=0"' in page


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "offset=-1", "offset=", "limit=\u0661"])
async def test_a_page_that_cannot_be_is_refused(server: ArtifactServer, query: str) -> None:
    """limit is 1 to 1,000, offset 0 or more."""
    answer = await server.request(f"/?{query}")
    assert (answer.status, answer.json["code"]) == (422, "invalid_field")


@pytest.mark.parametrize(
    "path",
    ["/", f"/{ONE}/", f"/{ONE}/rendered/", f"/{ONE}/rendered/1.png", f"/{ONE}/logs/output.log", f"/{ONE}/status",
     "/render.html", "/pages/style.css"],
)  # fmt: skip
async def test_a_path_works_in_both_spellings_and_with_every_reading_method(server: ArtifactServer, path: str) -> None:
    """With and without the slash the same, no redirect; HEAD has GET's headers; OPTIONS names the methods."""
    server.put(f"{ONE}/rendered/1.png")
    server.put(f"{ONE}/logs/output.log")
    answers = [await server.request(spelling) for spelling in (path.rstrip("/") or "/", path.rstrip("/") + "/")]
    assert [each.status for each in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    head = await server.request(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Content-Security-Policy"):
        assert head.headers[name] == answers[0].headers[name]
    options = await server.request(path, "OPTIONS")
    assert options.status == 204
    assert set(options.headers["Allow"].split(",")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written(server: ArtifactServer, method: str) -> None:
    """Every writing method is a 405 problem, and nothing has changed."""
    file = server.put(f"{ONE}/rendered/1.png")
    answer = await server.request(f"/{ONE}/rendered/1.png", method)
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert file.read_bytes() == b"content"


@pytest.mark.parametrize(
    "path", ["/nothing", "/ffffffff/", "/ffffffff/status", "/ffffffff/live", f"/{ONE}/rendered/9.png", "/pages/x.css"]
)
async def test_what_is_not_there_is_a_problem_not_a_page(server: ArtifactServer, path: str) -> None:
    """404 as RFC 9457 has it, even for a browser."""
    answer = await server.request(path, Accept="text/html")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "code"} <= answer.json.keys()


async def test_markup_in_names_is_text(server: ArtifactServer) -> None:
    """Environment ids, states and file names stand escaped in the pages, and whole in the JSON."""
    server.make(TWO, MARKUP, state=MARKUP)
    server.put(f"{TWO}/simulation/{MARKUP.replace('/', '')}.txt")
    for path in ("/", f"/{TWO}/", f"/{TWO}/simulation/"):
        page = (await server.request(path)).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script" not in page
    assert (await server.json("/"))["instances"][0]["env_id"] == MARKUP


async def test_pages_run_nothing_inline_and_load_nothing_from_elsewhere(server: ArtifactServer) -> None:
    """The policy forbids it, and the pages do not need it."""
    server.put(f"{ONE}/rendered/1.png")
    for path in ("/", f"/{ONE}/", f"/{ONE}/rendered/", "/render.html"):
        answer = await server.request(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=\"/pages/)|//", answer.text)


async def test_every_link_leads_somewhere(server: ArtifactServer) -> None:
    """Following all links from the root, as `wget -r` does, finds every file, meets no error and comes to an end."""
    names = ("1.png", "10.png", "a b%?#&.txt", "ünï.png", os.fsdecode(b"\xff.png"))
    files = {url_of(ONE, "rendered", name) for name in names}
    for name in names:
        server.put(f"{ONE}/rendered/{name}")
    server.put(f"{ONE}/simulation/deep/er/video.mp4")
    seen: set[str] = set()
    left = {"/?limit=1"}
    while left:
        path = left.pop()
        answer = await server.raw(path.encode())
        assert answer.status == 200, path
        seen.add(path)
        if b"text/html" in answer.headers:
            left |= {href.replace("&amp;", "&") for href in HREF.findall(answer.text)} - seen
    assert files | {f"/{ONE}/simulation/deep/er/video.mp4", f"/render.html?instance_id={ONE}"} <= seen


async def test_a_listing_tells_sizes_times_and_kinds(server: ArtifactServer) -> None:
    """JSON for programs; for people thumbnails that load when they come into view, and videos that play in place."""
    picture = server.put(f"{ONE}/simulation/1.png", b"x" * 2048)
    server.put(f"{ONE}/simulation/2.mp4")
    os.utime(picture, (1_000_000_000, 1_000_000_000))
    told = await server.json(f"/{ONE}/simulation")
    assert told["path"] == f"/{ONE}/simulation/"
    assert told["entries"][0] == {
        "name": "1.png", "type": "file", "size_bytes": 2048, "modified_at": "2001-09-09T01:46:40Z",
        "media_type": "image/png", "url": f"/{ONE}/simulation/1.png",
    }  # fmt: skip
    page = (await server.request(f"/{ONE}/simulation/")).text
    assert f'<img src="/{ONE}/simulation/1.png" alt="" loading="lazy">' in page
    assert f'<video controls preload="metadata" src="/{ONE}/simulation/2.mp4"' in page
    assert "2.0 KiB" in page
    assert "2001-09-09 01:46:40 UTC" in page


def test_the_artifact_server_is_light() -> None:
    """It needs nothing of what a worker needs."""
    code = "import sys, gateway.artifacts.files; print({'numpy', 'gymnasium', 'PIL', 'worker'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
