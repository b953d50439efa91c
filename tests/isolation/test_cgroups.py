"""Where the server may divide its control group, the kernel itself holds each worker to its limits."""

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.cgroup_tree import remove_leftovers
from tests.isolation.cgroup_server import divided_group, group_of, server_in
from tests.isolation.culprit import settled
from tests.isolation.guest import WAIT_S, Guest
from tests.server import Server

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def group() -> Iterator[Path]:
    """The group in which the servers of this module are started."""
    with divided_group("memory", "pids", "cpu") as divided:
        yield divided


@pytest.fixture(scope="module")
def server(group: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that has divided the group; it leaves nothing in it."""
    with server_in(group, tmp_path_factory.mktemp("server")) as running:
        yield running
        assert running.stop() == 0
    assert not [path for path in group.iterdir() if path.is_dir()]


def read(guest: Guest, file: str) -> str:
    """What a file of its worker's group says."""
    return (group_of(guest.pid) / file).read_text().strip()


def counter(group: Path, file: str, name: str) -> int:
    """One of the numbers that the kernel counts."""
    lines = (group / file).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_the_document_says_that_the_kernel_enforces_what_it_enforces(server: Server) -> None:
    """And the group's files hold the values; niceness is a part of the weight."""
    limits = {"memory_bytes": 500 * MEBIBYTE, "processes": 77, "cpu_weight": 100, "cpu_cores": 0.5, "nice": 3}
    guest = Guest(server, "Well", limits=limits)
    told = guest.document().json()["limits"]
    assert {name: told[name] for name in limits} == limits
    by = told["enforced_by"]
    assert {by[name] for name in ("memory_bytes", "processes", "cpu_weight", "cpu_cores")} == {"cgroup"}
    assert (by["step_s"], by["open_files"], by["nice"]) == ("deadline", "rlimit", "nice")
    assert read(guest, "memory.max") == str(500 * MEBIBYTE)
    assert (read(guest, "memory.oom.group"), read(guest, "pids.max")) == ("1", "77")
    assert (read(guest, "cpu.weight"), read(guest, "cpu.max")) == ("51", "50000 100000")
    guest.close()


def test_each_worker_has_a_group_of_its_own_and_the_gateway_another(server: Server) -> None:
    """The fork server stays with the gateway; a group is gone soon after its worker."""
    guests = [Guest(server, "Well") for _ in range(2)]
    groups = {group_of(guest.pid) for guest in guests}
    home = group_of(server.process.pid)
    assert len(groups) == 2
    assert home not in groups
    assert {group.parent for group in groups} == {home.parent}
    for guest in guests:
        guest.close()
    assert not settled(lambda: [group for group in groups if group.exists()], lambda left: not left)


@pytest.mark.parametrize("name", ["Leaks", "LeaksInAChild"])
def test_whoever_takes_more_memory_than_allowed_is_ended_by_the_kernel(server: Server, name: str) -> None:
    """The whole family, whichever of them it was; the report says `memory`, and a reset starts it afresh."""
    guest = Guest(server, name, limits={"memory_bytes": 200 * MEBIBYTE}, on_crash="restart")
    told = guest.misbehave()
    assert (told.status_code, told.json()["code"]) == (502, "worker_crashed")
    assert (told.json()["crash"]["cause"], told.json()["crash"]["signal"]) == ("memory", signal.SIGKILL)
    assert str(200 * MEBIBYTE) in told.json()["detail"]
    assert guest.reset().status_code == 200
    assert guest.document().json()["limits"]["enforced_by"]["memory_bytes"] == "cgroup"
    guest.close()


def test_whoever_starts_more_processes_than_allowed_is_refused_the_next(server: Server) -> None:
    """Its own call fails, and it lives on; closed, it takes all of them with it."""
    guest = Guest(server, "Forks", limits={"processes": 20})
    group = group_of(guest.pid)
    told = guest.misbehave()
    assert (told.status_code, told.json()["code"]) == (500, "environment_error")
    assert "temporarily unavailable" in told.json()["detail"]
    assert counter(group, "pids.events", "max") > 0
    assert guest.behave().status_code == 200
    assert guest.close().status_code == 204
    assert not settled(group.exists, lambda there: not there)


def test_whoever_takes_more_of_the_processor_than_allowed_has_to_wait(server: Server, pool: ThreadPoolExecutor) -> None:
    """The kernel holds a busy loop back as soon as it has had its part of a period."""
    guest = Guest(server, "HangsInPython", limits={"cpu_cores": 0.1})
    group = group_of(guest.pid)
    answer = guest.begin(pool)
    assert settled(lambda: counter(group, "cpu.stat", "nr_throttled"), lambda count: count > 0)
    guest.kill()
    assert answer.result(WAIT_S).status_code == 502


def test_a_kill_reaches_everybody_in_the_group(server: Server) -> None:
    """Also those that have left its session and lost their parents."""
    guest = Guest(server, "SpawnsAndStays")
    assert guest.misbehave().status_code == 200
    group = group_of(guest.pid)
    assert len((group / "cgroup.procs").read_text().split()) > 2
    assert guest.kill().json()["cause"] == "killed"
    assert not settled(group.exists, lambda there: not there)
    guest.close()


def test_where_somebody_else_lives_in_the_group_all_stays_as_it_was(group: Path, tmp_path: Path) -> None:
    """The server says why, and watches its workers from outside."""
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        shared = group.parent / "shared"
        shared.mkdir()
        (shared / "cgroup.procs").write_text(str(stranger.pid))
        with server_in(shared, tmp_path) as server:
            guest = Guest(server, "Well")
            by = guest.document().json()["limits"]["enforced_by"]
            assert (by["memory_bytes"], by["processes"], by["cpu_weight"]) == ("watched", "watched", None)
            assert group_of(guest.pid) == group_of(server.process.pid) == shared
            assert "cannot be divided" in server.log
            assert not [path for path in shared.iterdir() if path.is_dir()]
        stranger.kill()
        stranger.wait()
        shared.rmdir()


def test_a_new_server_removes_what_one_that_was_killed_has_left(group: Path) -> None:
    """Only where nobody lives in it and the server is gone."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    home = group.parent / "leftovers"
    left, alive = home / f"gym-server.{ended.pid}", home / f"gym-server.{os.getpid()}"
    for path in (left / "gateway", left / "worker.1", alive / "gateway"):
        path.mkdir(parents=True)
    with subprocess.Popen(["sleep", "1000"]) as survivor:
        (left / "worker.1" / "cgroup.procs").write_text(str(survivor.pid))
        remove_leftovers(home)
        assert (left / "gateway").exists()
        survivor.kill()
    remove_leftovers(home)
    assert [path for path in home.iterdir() if path.is_dir()] == [alive]
    for path in (alive / "gateway", alive, home):
        path.rmdir()
