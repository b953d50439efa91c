"""Connections cut, workers killed, servers gone: the documented error, or it goes on; never a made-up reward."""

import os
import select
import signal
import time
from pathlib import Path
from typing import Any, get_args

import gymnasium
import pytest
from gym_server_client import (
    DeadlineExceeded,
    EnvironmentFailed,
    InstanceGone,
    Patience,
    RemoteEnv,
    RemoteVectorEnv,
    ServerUnreachable,
    TransportName,
    UnknownInstance,
    WorkerCrashed,
)
from gymnasium.utils.env_checker import data_equivalence

from tests.clients.cut import Relay
from tests.server import Server, running_server

TRANSPORTS = get_args(TransportName)
IMPATIENT = Patience(reconnect_s=0.5)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_cut_connection_changes_nothing(server: Server, transport: TransportName) -> None:
    """Cut before some steps, and after others before the answer is there: each step is taken once."""
    local = gymnasium.make("CartPole-v1", disable_env_checker=True)
    with Relay(server.url) as relay:
        remote = RemoteEnv(relay.url, "CartPole-v1", transport=transport)
        assert data_equivalence(local.reset(seed=3), remote.reset(seed=3), exact=True)
        for number in range(8):
            if number % 3 == 1:
                relay.cut()
            if number % 3 == 2:
                relay.drop_answers = 1
            assert data_equivalence(local.step(number % 2), remote.step(number % 2), exact=True)
        assert relay.cuts == 5
        assert server.document(remote.instance_id)["steps"] == 8
        remote.close()
    local.close()


def test_a_cut_connection_changes_nothing_for_many(server: Server) -> None:
    """The same for a batch."""
    local = gymnasium.make_vec("CartPole-v1", num_envs=3, vectorization_mode="sync")
    with Relay(server.url) as relay:
        remote = RemoteVectorEnv(relay.url, "CartPole-v1", 3)
        assert data_equivalence(local.reset(seed=3), remote.reset(seed=3), exact=True)
        for _ in range(6):
            relay.drop_answers = 1
            actions = local.action_space.sample()
            assert data_equivalence(local.step(actions), remote.step(actions), exact=True)
        remote.close()
    local.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_killed_worker_is_an_error_and_the_next_reset_finds_another(server: Server, transport: TransportName) -> None:
    """Whether it was killed by somebody between two steps, or ends within one."""
    env = RemoteEnv(server.url, "test/Exits-v0", transport=transport)
    env.reset(seed=0)
    with pytest.raises(WorkerCrashed) as crashed:
        env.step(1)
    assert crashed.value.crash
    assert crashed.value.crash["exit_code"] == 3
    with pytest.raises(InstanceGone):
        env.step(0)
    env.reset(seed=0)
    env.step(0)
    os.kill(server.document(env.instance_id)["pid"], signal.SIGKILL)
    with pytest.raises((InstanceGone, WorkerCrashed)) as killed:
        env.step(0)
    assert killed.value.crash
    assert killed.value.crash["signal"] == signal.SIGKILL
    env.reset(seed=0)
    env.step(0)
    env.close()


def test_an_environment_that_fails_stays_failed_where_that_is_asked_for(server: Server) -> None:
    """`on_crash` "fail": no reset brings it back."""
    env = RemoteEnv(server.url, "test/Exits-v0", on_crash="fail")
    env.reset()
    with pytest.raises(WorkerCrashed):
        env.step(1)
    with pytest.raises(InstanceGone):
        env.reset()
    env.close()


def test_a_hanging_step_is_an_error_after_its_deadline(server: Server) -> None:
    """The server kills the worker; the client hears of it."""
    env = RemoteEnv(server.url, "test/HangsInPython-v0", limits={"step_s": 0.3})
    env.reset()
    with pytest.raises(DeadlineExceeded):
        env.step(1)
    env.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_answer_that_does_not_come_is_an_error(server: Server, transport: TransportName) -> None:
    """After `answer_s`, whatever the server's deadline; and its reply is never taken for another's."""
    env = RemoteEnv(server.url, "test/Sleeps-v0", transport=transport, patience=Patience(answer_s=1.0))
    env.reset()
    with pytest.raises(ServerUnreachable, match="no answer"):
        env.step(1)
    server.http.post(f"/v2/envs/{env.instance_id}/kill")
    with pytest.raises(InstanceGone):
        env.step(0)
    env.close()


def test_an_exception_of_the_environment_has_its_traceback(server: Server) -> None:
    """And the environment lives on."""
    env = RemoteEnv(server.url, "test/Raises-v0")
    env.reset()
    with pytest.raises(EnvironmentFailed, match="always fails"):
        env.step(1)
    env.step(0)
    env.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_is_gone_is_an_error_in_bounded_time(tmp_path: Path, transport: TransportName) -> None:
    """Killed in the middle: every call says so after `reconnect_s`, and so does the making of another."""
    with running_server(tmp_path) as server:
        env = RemoteEnv(server.url, "CartPole-v1", transport=transport, patience=IMPATIENT)
        env.reset(seed=1)
        server.stop(signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(ServerUnreachable) as unreachable:
            env.step(0)
        assert unreachable.value.code == "unreachable"
        with pytest.warns(UserWarning, match="cannot be reached"):
            env.close()
        with pytest.raises(ServerUnreachable):
            RemoteEnv(server.url, "CartPole-v1", transport=transport)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_was_started_again_knows_no_instance_of_before(tmp_path: Path, transport: TransportName) -> None:
    """The program is told, and can make another."""
    with running_server(tmp_path) as before, Relay(before.url) as relay:
        env = RemoteEnv(relay.url, "CartPole-v1", transport=transport)
        env.reset(seed=1)
        before.stop()
        with running_server(tmp_path) as after:
            relay.lead_to(after.url)
            with pytest.raises((UnknownInstance, InstanceGone)):
                env.step(0)
            env.close()


def test_instances_end_with_their_program(server: Server) -> None:
    """A socket that goes takes its instances with it, after the grace that it asked for."""
    env: Any = RemoteEnv(server.url, "CartPole-v1", patience=Patience(lease_grace_s=0.0))
    pid = server.document(env.instance_id)["pid"]
    fd = os.pidfd_open(pid)
    env._transport.close()
    ended, _, _ = select.select([fd], [], [], 10)
    assert ended
    os.close(fd)
