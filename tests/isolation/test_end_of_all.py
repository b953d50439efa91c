"""When the fork server or the gateway itself is killed: nothing survives that nobody looks after."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.isolation.culprit import settled, writers
from tests.isolation.guest import WAIT_S, Guest
from tests.isolation.neighbour import stepping_neighbour
from tests.server import Server, Watched

BUSY = ("HangsInPython", "HangsInC", "StopsItself", "SpinsInC")


def fork_server(server: Server, guest: Guest) -> psutil.Process:
    """The parent of all workers."""
    parent = psutil.Process(guest.pid).parent()
    assert parent
    assert parent.ppid() == server.process.pid
    return parent


def test_workers_die_with_their_fork_server_and_the_next_one_has_another(own_server: Server) -> None:
    """Each is reported as killed by a signal, its children are gone, and creating works as before."""
    guests = [Guest(own_server, name) for name in ("Well", "SpawnsAndStays")]
    guests[1].misbehave()
    parent = fork_server(own_server, guests[0])
    with Watched(parent.children(recursive=True)) as family:
        parent.kill()
        reports = [guest.becomes("crashed")["crash"] for guest in guests]
        assert not family.wait(WAIT_S)
    assert [report["cause"] for report in reports] == ["signal"] * 2
    again = Guest(own_server, "Well")
    assert again.behave().status_code == 200
    assert fork_server(own_server, again) != parent
    assert own_server.stop() == 0


@pytest.mark.parametrize("whole_group", [False, True], ids=["the gateway", "its process group"])
def test_a_killed_gateway_leaves_no_process(own_server: Server, pool: ThreadPoolExecutor, whole_group: bool) -> None:
    """Under load: workers that step, that hang in every way, and that have started children of their own."""
    busy = [Guest(own_server, name) for name in BUSY]
    parents = [Guest(own_server, "SpawnsAndStays") for _ in range(4)]
    answers = [guest.begin(pool) for guest in busy]
    for guest in parents:
        assert guest.misbehave().status_code == 200
    with stepping_neighbour(own_server.url) as neighbour:
        neighbour.go_on(50)
        assert own_server.stop(signal.SIGKILL, whole_group=whole_group) == -signal.SIGKILL
    left = settled(lambda: writers(own_server.data_dir), lambda pids: not pids)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left
    for answer in answers:
        with pytest.raises(httpx.TransportError):
            answer.result(WAIT_S)
