"""Each token has as much of the server as its table in the file says, and no more."""

import asyncio
import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.security.holders import Guarded, bearer
from tests.server import Server, running_server

MEBIBYTE = 2**20
HUNGRY = "hungry-of-this-test-0123456789"


def test_instances_are_counted(guarded: Guarded) -> None:
    """One more than the quota is refused in both APIs, also in a batch; a closed one makes room."""
    bob = guarded.api["bob"]
    assert bob.post("/v2/envs", json={"env_id": "CartPole-v1", "count": 2}).status_code == 429
    guarded.created("bob")
    for path, body in (("/v2/envs", {"env_id": "CartPole-v1"}), ("/v1/envs/create/", {"environment": "CartPole-v1"})):
        reply = bob.post(path, json=body)
        assert reply.status_code == 429
        assert reply.headers["Retry-After"] == "1"
        assert "bob has 1 instances" in reply.text
    guarded.close_all("bob")
    guarded.created("bob")
    guarded.close_all("bob")


def test_requests_are_counted(guarded: Guarded) -> None:
    """Two a second, on both ports together; whoever is too fast is told when to come again."""
    replies = [client.get("/login/no") for client in (guarded.api["busy"], guarded.files["busy"]) * 8]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert {reply.status_code for reply in replies} == {404, 429}
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in refused)
    assert "busy may send 2 requests a second" in refused[0].text
    assert guarded.api["alice"].get("/v2/envs").status_code == 200


async def test_messages_are_requests(guarded: Guarded) -> None:
    """A socket is no way around the quota; it lives on."""
    url = guarded.server.url.replace("http", "ws") + "/v2/ws"
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(InvalidStatus):
                async with connect(url, additional_headers=bearer("busy")) as socket:
                    for number in range(20):
                        await socket.send(json.dumps({"id": number, "op": "describe"}))
                    replies = [json.loads(await socket.recv()) for _ in range(20)]
                    break
    assert {reply["id"] for reply in replies} == set(range(20))
    assert replies[-1]["status"] == 429
    assert replies[-1]["problem"]["code"] == "limit_reached"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One on which somebody has little memory and little disk."""
    folder = tmp_path_factory.mktemp("hungry")
    path = folder / "tokens.toml"
    path.touch(mode=0o600)
    path.write_text(f'[hungry]\ntoken = "{HUNGRY}"\nmemory = "600M"\ndisk = "32M"\n')
    with running_server(folder, "--token-file", str(path), "--import", "tests.security.hoarders") as running:
        running.http.headers.update(bearer(HUNGRY))
        yield running


def hoarder(server: Server, megabytes: int) -> str:
    """The path of a new instance with so much memory, in its first episode."""
    body = {"env_id": "test/Hoards-v0", "kwargs": {"megabytes": megabytes}}
    reply = server.http.post("/v2/envs", json=body)
    assert reply.status_code == 201, reply.text
    path = f"/v2/envs/{reply.json()['instance_id']}"
    assert reply.json()["limits"]["memory_bytes"] == 600 * MEBIBYTE
    assert server.http.post(f"{path}/reset").status_code == 200
    return path


def hung(server: Server, path: str) -> httpx.Response:
    """What comes of a step that hangs until somebody ends it."""
    return server.http.post(f"{path}/step", json={"action": 1})


def test_memory_is_that_of_all_instances_together(server: Server) -> None:
    """Each of two is below the quota, both are above it: the larger one goes, and no other is made meanwhile."""
    small, large = hoarder(server, 200), hoarder(server, 380)
    crash = hung(server, large).json()["crash"]
    assert crash["cause"] == "memory"
    assert "the instances of hungry used" in server.log
    assert server.http.post(f"{small}/step", json={"action": 0}).status_code == 200
    for path in (small, large):
        server.http.delete(path)


def test_disk_is_that_of_all_artifacts(server: Server) -> None:
    """Whoever is above the quota makes no new instance, and loses one that still writes."""
    path = hoarder(server, 0)
    folder = server.data_dir / path.rpartition("/")[2] / "rendered"
    (folder / "large.txt").write_bytes(bytes(40 * MEBIBYTE))
    crash = hung(server, path).json()["crash"]
    assert crash["cause"] == "killed"
    reply = server.http.post("/v2/envs", json={"env_id": "CartPole-v1"})
    assert reply.status_code == 429
    assert "disk" in reply.json()["detail"]
