"""Two clients that really run: in JavaScript on Node, and in shell with curl, written against the same contract."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server import Server

HERE = Path(__file__).parent


def tool(name: str) -> str:
    """Its path; a machine for development may lack it, one that decides about a change may not."""
    path = shutil.which(name)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"there is no {name} here")
    return str(path)


def run(server: Server, directory: Path, *command: str) -> str:
    """What the client printed; it has ended well, said nothing of an error, and the directory it named is not made."""
    ended = subprocess.run([*command, server.url, directory], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not directory.exists()
    return ended.stdout


def uploaded(server: Server, algorithm_id: str) -> tuple[int, int]:
    """The episodes and the steps that the scoreboard has of it."""
    found = server.http.get("/v2/scoreboard", params={"algorithm_id": algorithm_id}).json()["evaluations"]
    (evaluation,) = found
    return evaluation["episodes"], evaluation["steps"]


def test_an_agent_in_javascript(server: Server, tmp_path: Path) -> None:
    """It plays over one connection, its upload is as long as what it played, and it has closed what it created."""
    said = json.loads(run(server, tmp_path / "results", tool("node"), str(HERE / "javascript" / "agent.js")))
    assert said["connections"] == 1
    assert uploaded(server, "javascript") == (len(said["lengths"]), sum(said["lengths"]))
    assert server.http.get("/v1/envs/").json() == {"all_envs": {}}


def test_an_agent_in_shell(server: Server, tmp_path: Path) -> None:
    """With a connection for each request, some of them in HTTP/1.0."""
    tool("curl")
    steps = int(run(server, tmp_path / "results", tool("bash"), str(HERE / "curl" / "agent.sh")))
    assert uploaded(server, "curl") == (1, steps)
    assert server.http.get("/v1/envs/").json() == {"all_envs": {}}
