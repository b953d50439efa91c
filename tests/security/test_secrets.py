"""A token is nowhere but in its header: not in logs, errors, figures, crash reports, lists of processes, or workers."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.security.holders import bearer
from tests.server import Server, running_server

SECRET = "a-secret-of-these-tests-0123456789"  # noqa: S105 - made up for them
UPLOAD_KEY = "a-key-of-these-tests-0123456789"


@pytest.fixture(scope="module", params=["flag", "variable"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that has been told its secrets either way, and that logs every request."""
    secrets = {"GYM_SERVER_TOKEN": SECRET, "GYM_SERVER_UPLOAD_KEY": UPLOAD_KEY}
    is_flag = request.param == "flag"
    flags = ("--token", SECRET, f"--upload-key={UPLOAD_KEY}") if is_flag else ()
    folder = tmp_path_factory.mktemp("secrets")
    told = ("--import", "tests.envs", "--access-log", "--log-level", "debug", *flags)
    with running_server(folder, *told, environment={} if is_flag else secrets) as running:
        running.http.headers.update(bearer(SECRET))
        yield running


def everything_said(server: Server) -> str:
    """What answers, figures and the log tell after an ordinary and a bad time."""
    said = []
    created = server.http.post("/v2/envs", json={"env_id": "test/KillsItself-v0"})
    path = f"/v2/envs/{created.json()['instance_id']}"
    said += [created, server.http.post(f"{path}/reset"), server.http.post(f"{path}/step", json={"action": 1})]
    said += [server.http.get(route) for route in (path, f"{path}/logs", "/metrics", "/v2/openapi.json", "/readyz")]
    said += [server.http.get("/v2/envs", headers=bearer(SECRET + "x")), server.http.post("/v2/envs", content=b"{")]
    url = server.url.replace("://", f"://x:{SECRET}@")
    said += [server.http.get(f"{url}/no/such/route", headers={"Authorization": ""})]
    server.http.delete(path)
    headers = [value for reply in said for value in reply.headers.values()]
    return "".join([*(reply.text for reply in said), *headers, server.log])


def test_nothing_that_is_said_has_it(server: Server) -> None:
    """Although every request is logged."""
    said = everything_said(server)
    assert "/v2/envs" in said
    assert SECRET not in said
    assert UPLOAD_KEY not in said


def shown(process: psutil.Process) -> bytes:
    """What the kernel tells everybody, or the same user, of a process."""
    found = b""
    for name in ("cmdline", "environ", "status", "comm"):
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{process.pid}/{name}").read_bytes()
    return found


def test_no_process_shows_it(server: Server) -> None:
    """Neither the server nor anything that it starts: not in its arguments, and not in its variables."""
    created = server.http.post("/v2/envs", json={"env_id": "CartPole-v1"})
    family = [psutil.Process(server.process.pid), *server.family()]
    assert len(family) > 2
    told = b"".join(map(shown, family))
    assert b"gym-server run" in told
    assert SECRET.encode() not in told
    assert UPLOAD_KEY.encode() not in told
    server.http.delete(f"/v2/envs/{created.json()['instance_id']}")


def test_it_is_asked_for_all_the_same(server: Server) -> None:
    """Hiding it has not lost it."""
    assert server.http.get("/v2/envs").status_code == 200
    assert server.http.get("/v2/envs", headers=bearer("x" + SECRET)).status_code == 401


def test_nothing_on_disk_has_it(server: Server) -> None:
    """Neither the scoreboard nor what instances leave behind."""
    server.http.post("/v2/envs", json={"env_id": "CartPole-v1"})
    for folder, _, names in os.walk(server.data_dir):
        for name in names:
            assert SECRET.encode() not in Path(folder, name).read_bytes()


def test_help_does_not_print_it() -> None:
    """Although it prints what other variables have set."""

    line = [sys.executable, "-m", "gateway", "run", "--help"]
    printed = subprocess.run(line, env=os.environ | {"GYM_SERVER_TOKEN": SECRET}, capture_output=True, check=True)
    assert SECRET.encode() not in printed.stdout
