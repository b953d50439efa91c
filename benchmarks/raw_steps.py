"""Steps through gym-http-api's dialect of `/v1` with next to nothing between the clock and the socket."""

import json
import socket
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_OK = b"HTTP/1.1 200 "
_DONE = b'{"done":true'


class Stepper:
    """One kept-alive connection that plays one CartPole, episode after episode, with ready-made requests."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname  # noqa: S101 - narrows; the server has printed it
        self._socket = socket.create_connection((address.hostname, address.port or 80), timeout=60)
        created = self._ask(_request("/v1/envs/", b'{"env_id": "CartPole-v0"}'))
        self.instance_id: str = json.loads(created.partition(b"\r\n\r\n")[2])["instance_id"]
        path = f"/v1/envs/{self.instance_id}"
        self._reset = _request(f"{path}/reset/", b"null")
        self._steps = {
            renders: [
                _request(f"{path}/step/", json.dumps({"action": action, "render": renders}).encode())
                for action in (0, 1)
            ]
            for renders in (False, True)
        }
        self._ask(self._reset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._socket.close()

    def step(self, count: int, *, renders: bool) -> None:
        """So many steps are taken, and a reset after each that ended an episode.

        Raises:
            RuntimeError: one of them has failed.
        """
        requests = self._steps[renders]
        for number in range(count):
            if _DONE in self._ask(requests[number % 2]):
                self._ask(self._reset)

    def _ask(self, request: bytes) -> bytes:
        self._socket.sendall(request)
        answer = self._socket.recv(65536)
        while not answer.endswith(b"}\n"):
            answer += self._socket.recv(65536)
        if not answer.startswith(_OK):
            raise RuntimeError(answer.decode())
        return answer


def _request(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body
