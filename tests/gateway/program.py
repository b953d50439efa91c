"""The program as an operator starts it against a running server."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.server import ROOT, Server

WAIT_S = 30
PROGRAM = (sys.executable, "-m", "gateway")
Done = subprocess.CompletedProcess[str]


def environment(url: str) -> dict[str, str]:
    """The variables of a shell in which the server has been named."""
    return os.environ | {"GYM_SERVER_URL": url}


def run(server: Server | str, *arguments: str, program: tuple[str, ...] = PROGRAM) -> Done:
    """The command, done; its output is no terminal."""
    url = server if isinstance(server, str) else server.url
    return subprocess.run(
        [*program, *arguments],
        cwd=ROOT,
        env=environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def told(server: Server, *arguments: str) -> str:
    """What the command told; it has succeeded."""
    done = run(server, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@contextlib.contextmanager
def running(server: Server, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """The command while it runs; it has ended afterwards."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(server.url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
