"""Steps through gym-http-api's dialect of `/v1` with next to nothing between the clock and the socket."""

import json
from types import TracebackType
from typing import Self

from benchmarks.raw_http import RawHttp, request

_DONE = b'{"done":true'


class Stepper:
    """One kept-alive connection that plays one CartPole, episode after episode, with ready-made requests."""

    def __init__(self, url: str) -> None:
        self._http = RawHttp(url)
        created = self._http.exchange(request("/v1/envs/", b'{"env_id": "CartPole-v0"}'))
        self.instance_id: str = json.loads(created)["instance_id"]
        path = f"/v1/envs/{self.instance_id}"
        self._reset = request(f"{path}/reset/", b"null")
        self._steps = {
            renders: [
                request(f"{path}/step/", json.dumps({"action": action, "render": renders}).encode())
                for action in (0, 1)
            ]
            for renders in (False, True)
        }
        self._http.exchange(self._reset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.__exit__(type_, error, traceback)

    def step(self, count: int, *, renders: bool) -> None:
        """So many steps are taken, and a reset after each that ended an episode.

        Raises:
            RuntimeError: one of them has failed.
        """
        requests = self._steps[renders]
        for number in range(count):
            if self._http.exchange(requests[number % 2]).startswith(_DONE):
                self._http.exchange(self._reset)
