"""What every benchmark shares: the machine it ran on, samples with their spread, and a server of its own."""

import contextlib
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Samples(NamedTuple):
    """Durations of the same thing, in seconds."""

    name: str
    seconds: Sequence[float]

    @property
    def median_s(self) -> float:
        """Half of them were faster."""
        return statistics.median(self.seconds)

    def row(self, reference: "Samples") -> str:
        """A line of a table in Markdown: median, spread, how many, the ratio to the reference."""
        figures = (f"{1000 * figure:.1f}" for figure in (self.median_s, min(self.seconds), max(self.seconds)))
        median, low, high = figures
        ratio = f"{reference.median_s / self.median_s:.1f}x"
        return f"| {self.name} | {median} ms | {low} to {high} ms | {len(self.seconds)} | {ratio} |"


def table(rows: Sequence[Samples], reference: Samples) -> str:
    """The samples as a table; a ratio above 1 is faster than the reference."""
    head = ("| what | median | lowest to highest | samples | faster |", "|---|---:|---:|---:|---:|")
    return "\n".join((*head, *(samples.row(reference) for samples in rows)))


def machine() -> str:
    """The processor, how many cores this process may use, the system and Python."""
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    cores = len(os.sched_getaffinity(0))
    return f"{cpu}, {cores} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"


class Client:
    """One connection to a server, with as little between the clock and the socket as there can be."""

    def __init__(self, url: str) -> None:
        self.url = url
        address = urlsplit(url)
        assert address.hostname  # noqa: S101 - narrows; the server has printed it
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON, None where it is empty.

        Raises:
            RuntimeError: the answer is an error.
        """
        self._connection.request(method, path, None if body is None else json.dumps(body))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content) if content else None

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()


@contextlib.contextmanager
def server(*flags: str) -> Iterator[Client]:
    """A client of a server of its own, which ends with the block."""
    with tempfile.TemporaryDirectory() as data_dir:
        command = [sys.executable, "-m", "gateway", "--port", "0", "--artifacts-port", "0", "--data-dir", data_dir]
        with subprocess.Popen(
            [*command, "--log-level", "warning", *flags], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout  # noqa: S101 - narrows; it was asked for
            client = Client(process.stdout.readline().removeprefix("gateway ").strip())
            try:
                yield client
            finally:
                client.close()
                process.terminate()
