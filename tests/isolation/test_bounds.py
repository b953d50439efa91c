"""Nothing waits without a bound: instances, commands that queue, bodies, idleness."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.isolation.guest import WAIT_S, Guest
from tests.server import Server, running_server

pytestmark = pytest.mark.usefixtures("neighbour")

TURN = re.compile(r"^se\.slice +: +(\d+)$", re.MULTILINE)
MAX_INSTANCES, QUEUE_LENGTH, MAX_BODY_BYTES = 4, 3, 4096


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with room for little."""
    bounds = {"--max-instances": MAX_INSTANCES, "--queue-length": QUEUE_LENGTH, "--max-body-bytes": MAX_BODY_BYTES}
    flags = [str(part) for pair in bounds.items() for part in pair]
    with running_server(tmp_path_factory.mktemp("server"), "--import", "tests.envs", *flags) as running:
        yield running


def test_a_queue_has_a_length(server: Server, pool: ThreadPoolExecutor) -> None:
    """What comes when it is full is told to try again; what waits in it is told how it ended."""
    guest = Guest(server, "HangsInC")
    answers = [guest.begin(pool)] + [pool.submit(guest.behave) for _ in range(QUEUE_LENGTH - 1)]
    while guest.document().json()["queue"] < QUEUE_LENGTH:
        assert not any(answer.done() for answer in answers)
    refused = guest.behave()
    assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
    assert int(refused.headers["Retry-After"]) > 0
    guest.kill()
    assert [answer.result(WAIT_S).status_code for answer in answers] == [502] + [410] * (QUEUE_LENGTH - 1)
    guest.close()


def test_there_is_a_greatest_number_of_instances(server: Server) -> None:
    """429, and not ready, until one of them is closed."""
    guests = [Guest(server, "Well") for _ in range(MAX_INSTANCES - 1)]
    refused = server.http.post("/v2/envs", json={"env_id": "test/Well-v0"})
    assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
    assert int(refused.headers["Retry-After"]) > 0
    full = server.http.get("/readyz")
    assert full.status_code == 503
    assert "limit" in full.json()["reason"]
    assert server.http.get("/healthz").status_code == 200
    guests.pop().close()
    assert server.http.get("/readyz").status_code == 200
    guests.append(Guest(server, "Well"))
    for guest in guests:
        guest.close()


def test_a_body_has_a_greatest_size(server: Server) -> None:
    """413, and the instance knows nothing of it."""
    guest = Guest(server, "Well")
    refused = server.http.post(f"{guest.path}/step", json={"action": "x" * MAX_BODY_BYTES})
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert guest.behave().status_code == 200
    guest.close()


def test_a_client_may_only_tighten_its_limits(server: Server) -> None:
    """422 that names the one that is too wide; the document says what is in force, and by which means."""
    refused = server.http.post("/v2/envs", json={"env_id": "test/Well-v0", "limits": {"step_s": 1e6}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "$.limits.step_s"
    guest = Guest(server, "Well", limits={"step_s": 5, "memory_bytes": 10**9})
    limits = guest.document().json()["limits"]
    assert (limits["step_s"], limits["memory_bytes"]) == (5, 10**9)
    assert (limits["enforced_by"]["step_s"], limits["enforced_by"]["open_files"]) == ("deadline", "rlimit")
    guest.close()


def test_what_the_system_can_enforce_is_set_on_the_process(server: Server) -> None:
    """Niceness, open files, size of files; and it leaves no core dumps."""
    guest = Guest(server, "Well", limits={"nice": 7, "open_files": 100, "file_bytes": 10**6})
    process = psutil.Process(guest.pid)
    assert process.nice() == 7
    autogroup = Path(f"/proc/{guest.pid}/autogroup")
    assert not autogroup.exists() or autogroup.read_text().endswith("nice 7\n")
    assert process.rlimit(psutil.RLIMIT_NOFILE) == (100, 100)
    assert process.rlimit(psutil.RLIMIT_FSIZE) == (10**6, 10**6)
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    guest.close()


def turn_ns(pid: int) -> int | None:
    """How long a turn the process asks the scheduler for; None where that tells nothing of it (before Linux 6.12)."""
    sched = Path(f"/proc/{pid}/sched")
    found = TURN.search(sched.read_text()) if sched.exists() else None
    return int(found[1]) if found else None


@pytest.mark.skipif(turn_ns(os.getpid()) is None, reason="the kernel does not tell how long a process's turns are")
def test_workers_take_longer_turns_than_whoever_waits_for_them(server: Server) -> None:
    """So the gateway, and the clients, need not wait for the end of a turn of one that hangs."""
    guest = Guest(server, "Well")
    ours, the_gateways = turn_ns(guest.pid), turn_ns(server.process.pid)
    assert ours
    assert the_gateways
    assert ours > 2 * the_gateways
    guest.close()


def test_an_idle_instance_is_closed_and_a_busy_one_is_not(server: Server, pool: ThreadPoolExecutor) -> None:
    """Also one that has crashed is forgotten: 410 that says it was closed."""
    limits = {"idle_s": 0.2}
    idle, busy, crashed = (Guest(server, name, limits=limits) for name in ("Well", "HangsInPython", "KillsItself"))
    crashed.misbehave()
    answer = busy.begin(pool)
    for guest in (idle, crashed):
        while (seen := guest.document()).status_code == 200:
            assert not answer.done()
        assert (seen.status_code, "was closed" in seen.json()["detail"]) == (410, True)
    assert busy.document().json()["state"] == "busy"
    assert busy.kill().status_code == 200
    assert answer.result(WAIT_S).status_code == 502
