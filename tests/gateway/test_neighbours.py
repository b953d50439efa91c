"""What one environment does is no business of another: sleeping, ending, being killed, being slow to make."""

import contextlib
import os
import signal
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from tests.server import Server

WAIT_S = 20
STEPS, ROUNDS = 200, 5


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients that wait for an answer while the test goes on."""
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def neighbour(server: Server) -> Iterator[str]:
    """A CartPole that steps before and after as if it were alone, in the same process."""
    instance = server.create("CartPole-v1")
    server.reset(instance)
    pid = server.document(instance)["pid"]
    yield instance
    assert server.step(instance, 0).status_code == 200
    document = server.document(instance)
    assert (document["pid"], document["restarts"], document["crash"]) == (pid, 0, None)
    server.http.delete(f"/v2/envs/{instance}")


def reset(server: Server, env_id: str) -> str:
    """A new instance, ready to step."""
    instance = server.create(env_id)
    server.reset(instance)
    return instance


def wait_for_state(server: Server, instance: str, state: str) -> dict[str, Any]:
    """The document of the instance as soon as it is in that state."""
    began = time.monotonic()
    while (document := server.document(instance))["state"] != state:
        assert time.monotonic() < began + WAIT_S, f"still {document['state']}"
    return document


def latencies(server: Server, instance: str) -> tuple[float, float]:
    """The median and the slowest hundredth of a step's time, in seconds, in the quietest of some rounds.

    What else runs on the machine only ever adds to a round, so the quietest tells most of the server.
    """
    rounds = [sorted(_step_s(server, instance, number) for number in range(STEPS)) for _ in range(ROUNDS)]
    return min(map(statistics.median, rounds)), min(taken[-STEPS // 100] for taken in rounds)


def _step_s(server: Server, instance: str, number: int) -> float:
    if number % 8 == 0:
        server.reset(instance)
    began = time.perf_counter()
    answer = server.step(instance, number % 2)
    taken = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return taken


@pytest.mark.parametrize("name", ["Sleeps", "HangsInPython", "HangsInC"])
def test_a_step_that_takes_long_leaves_the_others_latency_where_it_was(
    server: Server, pool: ThreadPoolExecutor, neighbour: str, name: str
) -> None:
    """Alone and beside it: the median within a factor of three, the slowest hundredth within ten."""
    latencies(server, neighbour)
    median_alone, slowest_alone = latencies(server, neighbour)
    slow = reset(server, f"test/{name}-v0")
    waiting = pool.submit(server.step, slow, 1)
    wait_for_state(server, slow, "busy")
    median_beside, slowest_beside = latencies(server, neighbour)
    assert not waiting.done(), "it was not slow for long enough"
    assert median_beside < 3 * median_alone
    assert slowest_beside < 10 * slowest_alone
    report = server.http.post(f"/v2/envs/{slow}/kill").json()
    assert (report["cause"], report["command"]) == ("killed", "step")
    assert waiting.result(WAIT_S).status_code == 502


@pytest.mark.parametrize(
    ("name", "cause", "exit_code", "number"),
    [
        ("Exits", "exit", 3, None),
        ("SysExits", "exit", 4, None),
        ("KillsItself", "signal", None, signal.SIGKILL),
        ("Segfaults", "signal", None, signal.SIGSEGV),
        ("Aborts", "signal", None, signal.SIGABRT),
    ],
)
@pytest.mark.usefixtures("neighbour")
def test_an_instance_that_ends_in_a_step_answers_with_the_report(
    server: Server, name: str, cause: str, exit_code: int | None, number: int | None
) -> None:
    """502 at once for the step that lost it; what is asked afterwards says so again."""
    instance = reset(server, f"test/{name}-v0")
    server.step(instance, 0)
    lost = server.step(instance, 1)
    assert lost.status_code == 502
    report = lost.json()["crash"]
    assert (report["cause"], report.get("exit_code"), report.get("signal")) == (cause, exit_code, number)
    assert (report["command"], report["steps"]) == ("step", 1)
    assert report["elapsed_s"] < WAIT_S
    document = server.document(instance)
    assert (document["state"], document["pid"], document["crash"]["cause"]) == ("crashed", None, cause)
    assert "is gone" in server.step(instance, 0).json()["message"]


@pytest.mark.usefixtures("neighbour")
def test_a_reset_revives_a_crashed_instance_of_v1(server: Server) -> None:
    """Its clients know only step and reset: the id stays, the process is a fresh one."""
    instance = reset(server, "test/Exits-v0")
    before = server.document(instance)
    assert server.step(instance, 1).status_code == 502
    assert len(server.reset(instance)) == 2
    assert server.step(instance, 0).status_code == 200
    document = server.document(instance)
    assert (document["state"], document["restarts"], document["crash"]) == ("ready", 1, None)
    assert document["pid"] != before["pid"]


@pytest.mark.usefixtures("neighbour")
def test_a_kill_from_a_shell_is_noticed_while_nothing_runs(server: Server) -> None:
    """The document tells of it without anybody having stepped."""
    instance = reset(server, "CartPole-v1")
    os.kill(server.document(instance)["pid"], signal.SIGKILL)
    crash = wait_for_state(server, instance, "crashed")["crash"]
    assert (crash["cause"], crash["signal"], crash.get("command")) == ("signal", 9, None)


@pytest.mark.usefixtures("neighbour")
def test_a_kill_from_a_shell_is_noticed_while_a_step_runs(server: Server, pool: ThreadPoolExecutor) -> None:
    """The step's client has its answer long before the step would have ended."""
    instance = reset(server, "test/HangsInC-v0")
    waiting = pool.submit(server.step, instance, 1)
    os.kill(wait_for_state(server, instance, "busy")["pid"], signal.SIGKILL)
    lost = waiting.result(WAIT_S)
    assert (lost.status_code, lost.json()["crash"]["signal"]) == (502, 9)


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize(
    "name", ["Well", "Sleeps", "HangsInPython", "HangsInC", "StopsItself", "ChangesItsSurroundings"]
)
def test_kill_ends_a_worker_whatever_it_does(server: Server, pool: ThreadPoolExecutor, name: str) -> None:
    """200 with the report; the process is gone, and killing what is dead says the same again."""
    instance = reset(server, f"test/{name}-v0")
    process = psutil.Process(server.document(instance)["pid"])
    waiting = pool.submit(server.step, instance, 1)
    if name in ("Well", "ChangesItsSurroundings"):
        assert waiting.result(WAIT_S).status_code == 200
    else:
        wait_for_state(server, instance, "busy")
    killed = server.http.post(f"/v2/envs/{instance}/kill")
    assert (killed.status_code, killed.json()["cause"]) == (200, "killed")
    waiting.result(WAIT_S)
    process.wait(WAIT_S)
    assert server.http.post(f"/v2/envs/{instance}/kill").json() == killed.json()


def starting(server: Server, creation: "Future[httpx.Response]") -> str:
    """The id of the instance that is being created."""
    while True:
        assert not creation.done(), creation.result().text
        for document in server.http.get("/v2/envs").json()["envs"]:
            if document["state"] == "starting":
                return str(document["instance_id"])


@pytest.mark.usefixtures("neighbour")
def test_an_environment_that_is_slow_to_make_delays_no_other(server: Server, pool: ThreadPoolExecutor) -> None:
    """Two creations go side by side; one that takes too long can be killed."""
    fields = {"environment": "test/SlowToMake-v0"}
    creation = pool.submit(server.http.post, "/v1/envs/create/", json=fields)
    slow = starting(server, creation)
    assert len(server.reset(server.create("CartPole-v1"))) == 4
    assert not creation.done()
    assert server.http.post(f"/v2/envs/{slow}/kill").json()["command"] == "make"
    assert creation.result(WAIT_S).status_code == 502
    assert server.http.get(f"/v2/envs/{slow}").status_code == 404


def test_64_instances_live_at_once(server: Server, pool: ThreadPoolExecutor) -> None:
    """Each in a process of its own, all stepping, and gone when they are closed."""
    with contextlib.ExitStack() as stack:
        instances = list(pool.map(lambda _: server.create("CartPole-v1"), range(64)))
        for instance in instances:
            stack.callback(server.http.delete, f"/v2/envs/{instance}")
        assert len(set(instances)) == 64
        list(pool.map(server.reset, instances))
        for action in (0, 1, 0, 1):
            rewards = pool.map(lambda instance: server.step(instance, action).json()["reward"], instances)  # noqa: B023 - used up within the round
            assert sum(rewards) == 64
        pids = {server.document(instance)["pid"] for instance in instances}
        assert len(pids) == 64
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
