"""Somebody who steps a CartPole all the while, over a connection of their own, and minds every failure."""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx

_WAIT_S = 30


class Neighbour:
    """An instance that steps in a thread until it is told to stop; `latencies_s` are those of its steps."""

    def __init__(self, http: httpx.Client) -> None:
        self.latencies_s: list[float] = []
        self.failures: list[str] = []
        self._http = http
        created = self._http.post("/v2/envs", json={"env_id": "CartPole-v1", "autoreset": "same_step"})
        self.instance_id = str(created.raise_for_status().json()["instance_id"])
        self._path = f"/v2/envs/{self.instance_id}"
        self._http.post(f"{self._path}/reset").raise_for_status()
        self._is_over = threading.Event()
        self._stepped = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="neighbour")
        self._thread.start()

    def go_on(self, steps: int) -> None:
        """So many more steps have succeeded.

        Raises:
            AssertionError: one has failed, or they do not come.
        """
        until = len(self.latencies_s) + steps
        with self._stepped:
            came = self._stepped.wait_for(lambda: self.failures or len(self.latencies_s) >= until, _WAIT_S)
        assert not self.failures
        assert came, "the neighbour stands still"

    def leave(self) -> None:
        """The thread has ended, and the instance is closed unless its server is gone."""
        self._is_over.set()
        self._thread.join(_WAIT_S)
        with contextlib.suppress(httpx.TransportError):
            self._http.delete(self._path)

    def _run(self) -> None:
        while not self._is_over.is_set():
            failure, latency_s = self._step()
            with self._stepped:
                if failure:
                    self.failures.append(failure)
                else:
                    self.latencies_s.append(latency_s)
                self._stepped.notify_all()

    def _step(self) -> tuple[str, float]:
        began = time.perf_counter()
        try:
            response = self._http.post(f"{self._path}/step", json={"action": 0})
        except httpx.HTTPError as error:
            self._is_over.set()
            return repr(error), 0.0
        return "" if response.status_code == httpx.codes.OK else response.text, time.perf_counter() - began


@contextlib.contextmanager
def stepping_neighbour(url: str) -> Iterator[Neighbour]:
    """A neighbour that steps meanwhile."""
    with httpx.Client(base_url=url, timeout=_WAIT_S) as http:
        neighbour = Neighbour(http)
        try:
            yield neighbour
        finally:
            neighbour.leave()
