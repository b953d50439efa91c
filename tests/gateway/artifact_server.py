"""The artifact port alone, on a real socket, over folders that a test fills and instances that it lets live and die."""

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from gateway.artifacts.files import artifacts_app
from gateway.statistics import Statistics

ONE, TWO = "0000aaa1", "0000aaa2"


class Living:
    """The instances that a test says are alive; tells when somebody watches them, or asks for them."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.done: dict[str, Statistics] = {}
        self.viewers: Counter[str] = Counter()
        self._asked = 0
        self._news = asyncio.Event()

    def document(self, instance_id: str) -> dict[str, Any] | None:
        return self.documents.get(instance_id)

    def state(self, instance_id: str) -> str | None:
        self._asked += 1
        self._news.set()
        state: str | None = self.documents.get(instance_id, {"state": None})["state"]
        return state

    def statistics(self, instance_id: str) -> Statistics | None:
        return self.done.get(instance_id)

    def watch(self, instance_id: str) -> None:
        self.viewers[instance_id] += 1
        self._news.set()

    def unwatch(self, instance_id: str) -> None:
        self.viewers[instance_id] -= 1
        self._news.set()

    async def watched_by(self, instance_id: str, viewers: int) -> None:
        """So many look at the instance."""
        while self.viewers[instance_id] != viewers:
            self._news.clear()
            await self._news.wait()

    async def asked_again(self) -> None:
        """Every live view has looked for a new picture once more: each asks for the state before it looks."""
        for count in (self._asked + 1, self._asked + 2):
            while self._asked < count:
                self._news.clear()
                await self._news.wait()


class Answer(NamedTuple):
    """A response read to its end."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class ArtifactServer:
    """The artifact port of a data directory."""

    def __init__(self, root: Path, living: Living, runner: web.AppRunner, session: aiohttp.ClientSession) -> None:
        self.root = root
        self.living = living
        self.runner = runner
        self.session = session
        self.address: tuple[str, int] = runner.addresses[0]

    async def request(self, path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = "http://{}:{}{}".format(*self.address, path)
        async with self.session.request(method, url, headers=named, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    async def json(self, path: str) -> Any:
        return (await self.request(path, Accept="application/json")).json

    async def raw(self, target: bytes) -> Answer:
        """As `request`, with the target just as it is: clients tidy up the paths that an attacker would not."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        return Answer(int(head.split()[1]), head, body)

    def put(self, path: str, content: bytes | str = b"content") -> Path:
        """The file is there, as a worker puts it: written aside, then renamed."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        aside.write_bytes(content if isinstance(content, bytes) else content.encode())
        aside.replace(file)
        return file

    def make(self, instance_id: str, env_id: str = "CartPole-v1", **document: Any) -> None:
        """An instance as the supervisor makes it: with its folders, and alive."""
        for name in ("rendered", "simulation", "logs"):
            (self.root / instance_id / name).mkdir(parents=True)
        created_at = "2026-01-02T03:04:05.678+00:00"
        self.put(f"{instance_id}/instance.json", json.dumps({"env_id": env_id, "created_at": created_at}))
        self.living.documents[instance_id] = {
            "instance_id": instance_id, "env_id": env_id, "created_at": created_at, "state": "ready",
            "steps": 0, "episodes": 0, "render_mode": "rgb_array", "crash": None,
        } | document  # fmt: skip


@contextlib.asynccontextmanager
async def artifact_server(root: Path) -> AsyncIterator[ArtifactServer]:
    """The port answers; at the end it is closed, and so is every connection to it."""
    living = Living()
    runner = web.AppRunner(artifacts_app(root, living), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            yield ArtifactServer(root, living, runner, session)
    finally:
        await runner.cleanup()
