"""Servers to be compared with, each in a process of its own that prints its port and serves until it is ended."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent


@contextlib.contextmanager
def serving(module: str, *arguments: object) -> Iterator[int]:
    """The port of `python -m benchmarks.references.<module>`, which ends with the block.

    Raises:
        RuntimeError: it has not come up; why stands on standard error.
    """
    line = [sys.executable, "-m", f"benchmarks.references.{module}", *map(str, arguments)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout  # noqa: S101 - narrows; it was asked for
        try:
            port = process.stdout.readline()
            if not port:
                raise RuntimeError(f"{module} has not come up")
            yield int(port)
        finally:
            process.terminate()
