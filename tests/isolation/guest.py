"""An instance of `/v2` as a test drives it: created, provoked, looked at, waited for."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from tests.server import Server

WAIT_S = 20


class Guest:
    """One instance, reset once; `pid` is the process of its first worker."""

    def __init__(self, server: Server, name: str, **fields: Any) -> None:
        self._http = server.http
        created = server.http.post("/v2/envs", json={"env_id": f"test/{name}-v0", **fields})
        assert created.status_code == 201, created.text
        self.instance_id = str(created.json()["instance_id"])
        self.pid = int(created.json()["pid"])
        self.path = f"/v2/envs/{self.instance_id}"
        assert self.reset().status_code == 200

    def reset(self) -> httpx.Response:
        """The answer to a reset."""
        return self._http.post(f"{self.path}/reset")

    def behave(self) -> httpx.Response:
        """The answer to a step that does no harm."""
        return self._http.post(f"{self.path}/step", json={"action": 0})

    def misbehave(self) -> httpx.Response:
        """The answer to a step that does."""
        return self._http.post(f"{self.path}/step", json={"action": 1})

    def begin(self, pool: ThreadPoolExecutor) -> "Future[httpx.Response]":
        """The answer to come of a step that does, as soon as its worker is at it."""
        answer = pool.submit(self.misbehave)
        self.becomes("busy")
        return answer

    def kill(self) -> httpx.Response:
        """The answer to a kill."""
        return self._http.post(f"{self.path}/kill")

    def close(self) -> httpx.Response:
        """The answer to a DELETE."""
        return self._http.delete(self.path)

    def document(self) -> httpx.Response:
        """The instance document, or the problem of one that is gone."""
        return self._http.get(self.path)

    def stack(self) -> httpx.Response:
        """Where it is."""
        return self._http.get(f"{self.path}/stack")

    def logs(self) -> str:
        """What it has printed."""
        return self._http.get(f"{self.path}/logs").text

    def becomes(self, state: str) -> dict[str, Any]:
        """Its document as soon as it is in the state."""
        deadline = time.monotonic() + WAIT_S
        while (document := self.document().json())["state"] != state:
            assert time.monotonic() < deadline, f"still {document['state']}"
        return dict(document)
