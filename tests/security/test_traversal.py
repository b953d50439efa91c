"""No spelling of a path leads out of what is served, on either port."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.by_hand import Connection
from tests.server import Server, running_server

SECRET = b"what nobody may read"
LONG = "a" * 250


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a secret beside its data directory."""
    folder = tmp_path_factory.mktemp("traversal")
    (folder / "secret.txt").write_bytes(SECRET)
    with running_server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def instance_id(server: Server) -> str:
    """One that has put links to everything it would like to read into its folder."""
    instance_id = server.create("CartPole-v1")
    folder = server.data_dir / instance_id
    outside = server.data_dir.parent / "secret.txt"
    (folder / "rendered" / "link.txt").symlink_to(outside)
    (folder / "rendered" / "relative.txt").symlink_to("../../../secret.txt")
    (folder / "rendered" / "folder").symlink_to(server.data_dir.parent, target_is_directory=True)
    (folder / "rendered" / "root").symlink_to("/", target_is_directory=True)
    os.link(outside, folder / "private.txt")
    os.mkfifo(folder / "rendered" / "fifo.txt")
    return instance_id


def answer(url: str, target: bytes) -> tuple[int, bytes]:
    """Status and content of a GET whose target is sent as it is."""
    with Connection(url) as connection:
        connection.socket.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status, _, content = connection.response()
        return status, content


UP = (
    "..", "%2e%2e", "%2E%2e", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "..%00", "..;", "...",
    "%ef%bc%8e%ef%bc%8e", "%e2%80%a5", "..%5c..", "..\\..", "%uff0e%uff0e", ".", "%2f..", "..%2f..", "..%252f..",
)  # fmt: skip


@pytest.mark.parametrize("up", UP)
def test_going_up_leads_nowhere(server: Server, instance_id: str, up: str) -> None:
    """From every folder that is served, so often that any root would be reached, to files that are there."""
    for base in (f"/{instance_id}/rendered/", f"/{instance_id}/", "/", "/pages/"):
        for times in (1, 2, 3, 12):
            for name in ("secret.txt", "etc/passwd", "scoreboard.sqlite3", "data/scoreboard.sqlite3", "private.txt"):
                for separator in ("/", "%2f", "//"):
                    target = base + (up + separator) * times + name
                    status, content = answer(server.artifacts_url, target.encode())
                    assert status in {400, 404}, target
                    assert SECRET not in content


@pytest.mark.parametrize(
    "target",
    [
        "/{id}/rendered/link.txt", "/{id}/rendered/relative.txt", "/{id}/rendered/folder/secret.txt",
        "/{id}/rendered/root/etc/passwd", "/{id}/rendered/fifo.txt", "/{id}/private.txt", "/{id}/instance.json",
        "/{id}/rendered/link.txt%00.png", "/{id}%00/rendered/", "//etc/passwd", "/etc/passwd", "/%2fetc%2fpasswd",
        "/file:///etc/passwd", "/{id}/rendered/" + LONG + LONG, "/{id}/rendered/" + "x/" * 2000,
        "/{id}/../{id}/private.txt", "/{ID}/rendered/", "/{id}./rendered/link.txt", "/{id}/RENDERED/link.txt",
        "/scoreboard.sqlite3", "/%d9%a1234567/rendered/",
    ],
)  # fmt: skip
def test_neither_links_nor_private_files_are_served(server: Server, instance_id: str, target: str) -> None:
    """Nor what is no file, nor absolute paths, nor names with look-alikes; and none of it is an error of the server."""
    path = target.replace("{id}", instance_id).replace("{ID}", instance_id.upper())
    status, content = answer(server.artifacts_url, path.encode())
    assert status in {400, 404} or (target == "/{ID}/rendered/" and instance_id.isdecimal())
    assert SECRET not in content
    assert b"root:" not in content


@pytest.mark.parametrize("up", UP)
def test_the_gateway_serves_no_files_but_its_pages(server: Server, up: str) -> None:
    """In whatever place of a route a path is sent."""
    source = Path(__file__).parent.parent.parent / "gateway" / "app.py"
    assert source.exists()
    for route in ("/pages/", "/v1/envs/", "/v2/envs/", "/v2/scoreboard/", "/v2/registry/", "/dashboard/pictures/"):
        for times in (1, 2, 12):
            for name in ("app.py", "etc/passwd", "secret.txt"):
                status, content = answer(server.url, (route + (up + "/") * times + name).encode())
                assert status in {400, 404}, route
                assert SECRET not in content
                assert b"aiohttp" not in content


def test_nothing_of_that_was_an_error_of_the_server(server: Server) -> None:
    """Nor did it stop the server."""
    assert server.http.get("/healthz").status_code == 200
    assert "ERROR" not in server.log
    assert "Traceback" not in server.log
