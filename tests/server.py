"""A real server in a process of its own, for tests: started on free ports, ended without leaving anything behind."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

ROOT = Path(__file__).parent.parent
_END_S = 20


class Server:
    """A running gateway: `http` talks to its API, `files` to its artifact port."""

    def __init__(self, process: subprocess.Popen[str], data_dir: Path, log: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self._log = log
        assert process.stdout
        self.url = process.stdout.readline().removeprefix("gateway ").strip()
        self.artifacts_url = process.stdout.readline().removeprefix("artifacts ").strip()
        self.http = httpx.Client(base_url=self.url, timeout=60)
        self.files = httpx.Client(base_url=self.artifacts_url, timeout=60)

    @property
    def log(self) -> str:
        """What the gateway has logged so far."""
        return self._log.read_text()

    def create(self, env_id: str, **fields: Any) -> str:
        """The id of a new instance, created in the seed's dialect."""
        reply = self.http.post("/v1/envs/create/", json={"environment": env_id, **fields})
        assert reply.status_code == 201, reply.text
        return str(reply.json()["instance_id"])

    def reset(self, instance_id: str, **fields: Any) -> Any:
        """The first observation of an episode."""
        reply = self.http.post(f"/v1/envs/{instance_id}/reset/", json=fields)
        assert reply.status_code == 200, reply.text
        return reply.json()["observation"]["observation"]

    def step(self, instance_id: str, action: Any, **fields: Any) -> httpx.Response:
        """The response to one step."""
        return self.http.post(f"/v1/envs/{instance_id}/step/", json={"action": action, **fields})

    def document(self, instance_id: str) -> dict[str, Any]:
        """The instance document."""
        reply = self.http.get(f"/v2/envs/{instance_id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def family(self) -> list[psutil.Process]:
        """All processes that the gateway, its fork server and its workers have started and that still run."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def stop(self, number: signal.Signals = signal.SIGTERM, *, whole_group: bool = False) -> int:
        """The exit code; every process of the server has ended.

        With `whole_group` the signal goes to all of its process group, as a terminal sends a Ctrl-C.

        Raises:
            AssertionError: some have not; they are killed all the same.
        """
        with Watched(self.family()) as family:
            if whole_group:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
            code = self.process.wait(_END_S)
            alive = family.wait(_END_S / 4)
            for process in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        assert not alive, f"left behind: {alive}"
        return code


class Watched:
    """Processes whose end is an event, also where they are nobody's children and nobody reaps them (pidfd_open(2))."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._running: dict[int, psutil.Process] = {}
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                self._running[os.pidfd_open(process.pid)] = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for fd in self._running:
            os.close(fd)

    def wait(self, timeout_s: float) -> list[psutil.Process]:
        """Those that have not ended within the time."""
        deadline = time.monotonic() + timeout_s
        while self._running:
            ended, _, _ = select.select(self._running, (), (), max(0, deadline - time.monotonic()))
            if not ended:
                break
            for fd in ended:
                del self._running[fd]
                os.close(fd)
        return list(self._running.values())


@contextlib.contextmanager
def running_server(
    folder: Path, *flags: str, environment: dict[str, str] | None = None, command: tuple[str, ...] = ()
) -> Iterator[Server]:
    """A server with `folder/data` as its data directory, warm as soon as it is asked for an environment."""
    data_dir = folder / "data"
    addresses = ("--port", "0", "--artifacts-port", "0", "--data-dir", str(data_dir))
    line = (*(command or (sys.executable, "-m", "gateway")), *addresses, *flags)
    with started(line, data_dir, folder / "gateway.log", environment) as server:
        yield server


@contextlib.contextmanager
def started(
    line: Sequence[str], data_dir: Path, log: Path, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """The server that this command line starts; what it does not end itself is ended with the block."""
    with log.open("w") as stderr:
        process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env=_outside_of_make() | (environment or {}),
            process_group=0,  # a Ctrl-C for the server alone, as from a terminal of its own
        )
    server = Server(process, data_dir, log)
    try:
        yield server
    finally:
        server.http.close()
        server.files.close()
        try:
            if process.poll() is None:
                server.stop()
        finally:
            assert process.stdout
            process.stdout.close()


def _outside_of_make() -> dict[str, str]:
    """The environment of a newcomer: `make test` tells the makes below it that they are not the first."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}}
