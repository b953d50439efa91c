"""What an operator sees of a worker, and how one is ended: names, stacks, logs, kills."""

import inspect
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests import envs
from tests.isolation.guest import WAIT_S, Guest
from tests.server import Server, Watched, running_server

pytestmark = pytest.mark.usefixtures("neighbour")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose workers do not inherit that Python shall write at once."""
    environment = {"PYTHONUNBUFFERED": ""}
    with running_server(
        tmp_path_factory.mktemp("server"), "--import", "tests.envs", environment=environment
    ) as running:
        yield running


def test_a_worker_is_listed_under_its_instance_and_environment(server: Server) -> None:
    """`gym-worker <instance id> <env id>`, for ps, top and pgrep."""
    guest = Guest(server, "Well")
    command = ["ps", "-o", "args=", "-p", str(guest.pid)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert listed == f"gym-worker {guest.instance_id} test/Well-v0"
    guest.close()


@pytest.mark.parametrize("name", ["HangsInPython", "SpinsInC"])
def test_the_stack_names_the_line_at_which_a_worker_hangs(server: Server, pool: ThreadPoolExecutor, name: str) -> None:
    """In Python, and in C that holds the interpreter's lock; looking does not disturb it."""
    guest = Guest(server, name)
    answer = guest.begin(pool)
    source, first = inspect.getsourcelines(getattr(envs, name).misbehave)
    lines = range(first, first + len(source))
    for _ in range(2):
        stack = guest.stack()
        assert stack.status_code == 200, stack.text
        assert any(f'tests/envs.py", line {line} in misbehave' in stack.text for line in lines), stack.text
    assert not answer.done()
    guest.kill()
    killed = answer.result(WAIT_S)
    assert killed.status_code == 502
    assert not killed.json()["crash"]["traceback"], "a stack that was asked for is not the place of a crash"
    guest.close()


@pytest.mark.parametrize(("name", "reason"), [("HangsInC", "ignores or blocks"), ("StopsItself", "stopped")])
def test_a_worker_that_cannot_tell_its_stack_is_said_to(
    server: Server, pool: ThreadPoolExecutor, name: str, reason: str
) -> None:
    """422 with the reason, and the worker is left as it was."""
    guest = Guest(server, name)
    answer = guest.begin(pool)
    while (stack := guest.stack()).status_code == 200:  # it is not there yet
        assert not answer.done()
    assert (stack.status_code, stack.json()["code"]) == (422, "unsupported")
    assert reason in stack.json()["detail"]
    guest.kill()
    answer.result(WAIT_S)
    guest.close()


def test_everything_printed_before_a_crash_is_in_the_log(server: Server) -> None:
    """By Python, by C and by a child, though nothing was flushed; served, reported, and on the artifact port."""
    guest = Guest(server, "Prints")
    report = guest.misbehave().json()["crash"]
    words = ["python-out", "python-err", "child-out", "child-err", "c-out", "c-err: Success"]
    assert report["log_tail"].splitlines() == words
    assert guest.logs().splitlines() == words
    assert server.files.get(f"/{guest.instance_id}/logs/output.log").text.splitlines() == words
    assert not [word for word in words if word in server.log]
    guest.close()


def test_a_kill_from_a_shell_is_noticed_and_reported(server: Server) -> None:
    """At once, without anybody stepping; who comes later gets 410 with the report."""
    guest = Guest(server, "Well")
    os.kill(guest.pid, signal.SIGKILL)
    report = guest.becomes("crashed")["crash"]
    assert (report["cause"], report["signal"], report["command"]) == ("signal", signal.SIGKILL, None)
    for answer in (guest.behave(), guest.reset()):
        assert (answer.status_code, answer.json()["crash"]) == (410, report)
    guest.close()


@pytest.mark.parametrize("name", ["HangsInPython", "HangsInC", "StopsItself", "HangsInClose"])
def test_an_operator_ends_exactly_one(server: Server, pool: ThreadPoolExecutor, name: str) -> None:
    """Whatever it does: 200 with the report, which its caller gets as well; another one beside it lives on."""
    guest, other = Guest(server, name), Guest(server, name)
    answer = guest.begin(pool) if name != "HangsInClose" else None
    with Watched([psutil.Process(guest.pid)]) as worker:
        killed = guest.kill()
        assert not worker.wait(WAIT_S)
    assert (killed.status_code, killed.json()["cause"], killed.json()["signal"]) == (200, "killed", signal.SIGKILL)
    if answer:
        assert answer.result(WAIT_S).json()["crash"] == killed.json()
    assert other.behave().status_code == 200
    other.kill()
    for instance in (guest, other):
        assert instance.close().status_code == 204


def test_a_kill_takes_the_children_too(server: Server) -> None:
    """Those in the worker's group, those that left it, and those whose parents are gone."""
    guest = Guest(server, "SpawnsAndStays")
    assert guest.misbehave().status_code == 200
    worker = psutil.Process(guest.pid)
    while len(children := [child for child in worker.children(recursive=True) if child.name() == "sleep"]) < 3:
        pass
    with Watched(children) as watched:
        guest.kill()
        assert not watched.wait(WAIT_S)
    guest.close()


def test_a_close_takes_the_children_too(server: Server) -> None:
    """As a kill does."""
    guest = Guest(server, "SpawnsAndStays")
    assert guest.misbehave().status_code == 200
    with Watched(psutil.Process(guest.pid).children(recursive=True)) as watched:
        guest.close()
        assert not watched.wait(WAIT_S)


def test_an_environment_cannot_put_a_file_in_the_place_of_its_log(server: Server) -> None:
    """What is served is what was printed, whatever stands at the path."""
    guest = Guest(server, "PrintsOneLine")
    log = Path(server.data_dir, guest.instance_id, "logs", "output.log")
    log.unlink()
    log.symlink_to("/etc/hostname")
    assert guest.misbehave().status_code == 200
    assert set(guest.logs()) == {"y"}
    guest.close()
