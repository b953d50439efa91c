"""The server as an operator meets it: how it starts, what it prints, and that it ends without leaving anything."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.server import ROOT, Server, running_server

WAIT_S = 20
BUSY = ("Sleeps", "HangsInPython", "HangsInC", "StopsItself")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients whose step never comes back."""
    with ThreadPoolExecutor(len(BUSY)) as threads:
        yield threads


def begin_step(server: Server, pool: ThreadPoolExecutor, name: str) -> "Future[httpx.Response]":
    """A step of a new instance that has begun in its worker and will not end soon."""
    instance = server.create(f"test/{name}-v0")
    server.reset(instance)
    step = pool.submit(server.step, instance, 1)
    began = time.monotonic()
    while server.document(instance)["state"] != "busy":
        assert not step.done(), step.result().text
        assert time.monotonic() < began + WAIT_S
    return step


def run(*flags: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A server that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-m", "gateway"),
        (sys.executable, "-m", "gateway", "run"),
        (str(Path(sys.executable).with_name("gym-server")), "run"),
    ],
    ids=["python -m gateway", "python -m gateway run", "gym-server run"],
)
def test_it_prints_its_two_addresses_and_nothing_else(tmp_path: Path, command: tuple[str, ...]) -> None:
    """One line each, with the ports that it has really taken."""
    with running_server(tmp_path, command=command) as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]*", server.url)
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]*", server.artifacts_url)
        assert server.url != server.artifacts_url
        server.reset(server.create("CartPole-v1"), render=True)
        assert server.files.get("/").status_code == 200
        assert server.stop() == 0
        assert server.process.stdout
        assert server.process.stdout.read() == ""


def test_the_lines_begin_with_what_they_are(tmp_path: Path) -> None:
    """`gateway http://…` and `artifacts http://…`; read by scripts."""
    environment = {
        "GYM_SERVER_PORT": "0",
        "GYM_SERVER_ARTIFACTS_PORT": "0",
        "GYM_SERVER_DATA_DIR": str(tmp_path / "deep" / "data"),
        "GYM_SERVER_HOST": "localhost",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=environment,
    )  # fmt: skip
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.wait(WAIT_S) == 0
    assert re.fullmatch(r"gateway http://localhost:[0-9]+\n", lines[0])
    assert re.fullmatch(r"artifacts http://localhost:[0-9]+\n", lines[1])
    assert (tmp_path / "deep" / "data").is_dir()


def test_variables_set_what_flags_would(tmp_path: Path) -> None:
    """The second instance is one too many: 429, to be tried again later."""
    environment = {"GYM_SERVER_MAX_INSTANCES": "1", "GYM_SERVER_IMPORT": "tests.envs"}
    with running_server(tmp_path, environment=environment) as server:
        first = server.create("test/Well-v0")
        refused = server.http.post("/v1/envs/create/", json={"environment": "CartPole-v1"})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert "the limit" in refused.json()["message"]
        server.http.delete(f"/v2/envs/{first}")
        server.create("CartPole-v1")


@pytest.mark.parametrize("flag", ["--port", "--artifacts-port"])
def test_a_port_in_use_is_a_message_and_code_1(tmp_path: Path, flag: str) -> None:
    """The port is named, and there is no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = {"--port": "0", "--artifacts-port": "0", "--data-dir": str(tmp_path)} | {flag: port}
        ended = run(*(part for pair in flags.items() for part in pair))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_directory_that_cannot_be_is_a_message_and_code_1(tmp_path: Path) -> None:
    """A file in its place, for one."""
    (tmp_path / "file").touch()
    ended = run("--port", "0", "--artifacts-port", "0", "--data-dir", str(tmp_path / "file"))
    assert ended.returncode == 1
    assert "--data-dir" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True)],
    ids=["SIGTERM", "SIGINT", "Ctrl-C"],
)
def test_it_ends_cleanly(own_server: Server, number: signal.Signals, whole_group: bool) -> None:
    """Code 0, no process left, nothing but information in the log; a terminal's Ctrl-C goes to every process."""
    for env_id in ("CartPole-v1", "test/Well-v0"):
        own_server.reset(own_server.create(env_id), render=True)
    assert len(own_server.family()) >= 3
    assert own_server.stop(number, whole_group=whole_group) == 0
    assert not re.search("WARNING|ERROR|Traceback", own_server.log)


def test_a_signal_before_anything_was_created_ends_it_as_well(own_server: Server) -> None:
    """While the fork server still warms itself up."""
    assert own_server.stop() == 0


def test_a_running_step_is_answered_before_the_end(own_server: Server, pool: ThreadPoolExecutor) -> None:
    """SIGTERM waits for it, as long as it does not take for ever."""
    step = begin_step(own_server, pool, "Dawdles")
    assert own_server.stop() == 0
    assert step.result(WAIT_S).json()["reward"] == 0


def test_it_ends_though_environments_hang(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """Their time to close is bounded, then they are killed; those who wait for them are told."""
    with running_server(tmp_path, "--import", "tests.envs", "--close-timeout", "0.5") as server:
        steps = [begin_step(server, pool, name) for name in BUSY]
        server.create("test/HangsInClose-v0")
        assert server.stop() == 0
    assert [step.result(WAIT_S).status_code for step in steps] == [502] * len(BUSY)


@pytest.mark.parametrize("name", ["Well", *BUSY])
def test_no_worker_survives_the_gateway(own_server: Server, pool: ThreadPoolExecutor, name: str) -> None:
    """Not even its SIGKILL, and not while a worker is in a loop, in C or stopped."""
    if name == "Well":
        own_server.reset(own_server.create("test/Well-v0"))
    else:
        begin_step(own_server, pool, name)
    assert own_server.stop(signal.SIGKILL) == -signal.SIGKILL


def test_the_data_of_a_killed_server_serves_the_next(tmp_path: Path) -> None:
    """Artifacts outlive it, and their ids are not given away again."""
    with running_server(tmp_path) as server:
        instance = server.create("CartPole-v1")
        server.reset(instance, render=True)
        picture = server.files.get(f"/{instance}/rendered/1.png").content
        server.stop(signal.SIGKILL)
    with running_server(tmp_path) as server:
        assert server.files.get(f"/{instance}/rendered/1.png").content == picture
        assert server.http.get(f"/v2/envs/{instance}").status_code == 404


def test_connections_that_stay_open_do_not_hold_up_the_end(own_server: Server) -> None:
    """Neither an idle one, nor one in the middle of a request, nor one that looks on."""
    instance = own_server.create("CartPole-v1")
    own_server.reset(instance, render=True)
    host, port = own_server.url.removeprefix("http://").split(":")
    with (
        socket.create_connection((host, int(port))),
        socket.create_connection((host, int(port))) as halfway,
        httpx.stream("GET", f"{own_server.artifacts_url}/{instance}/live", timeout=WAIT_S) as live,
    ):
        halfway.sendall(b"POST /v1/envs/create/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert next(live.iter_raw())
        assert own_server.stop() == 0
