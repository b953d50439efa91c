"""What comes while a step is being taken: the server's end, a worker's, the user's Ctrl-C."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from gym_server_client import (
    InstanceGone,
    Patience,
    RemoteEnv,
    RemoteVectorEnv,
    ServerUnreachable,
    TransportName,
    WorkerCrashed,
)
from gymnasium.vector import AutoresetMode

from tests.server import Server, running_server

HANGS = "test/HangsInPython-v0"


def wait_until_busy(server: Server, *instance_ids: str) -> None:
    """Each of them runs a command; the test's own timeout is the bound."""
    while {server.document(one)["state"] for one in instance_ids} != {"busy"}:
        pass


@pytest.mark.parametrize("transport", get_args(TransportName))
def test_the_end_of_the_server_is_an_error(tmp_path: Path, transport: TransportName) -> None:
    """In bounded time, and there is no reward for anybody."""
    with running_server(tmp_path, "--import", "tests.envs") as server:
        envs = RemoteVectorEnv(server.url, HANGS, 2, transport=transport, patience=Patience(reconnect_s=0.5))
        envs.reset(seed=1)
        with ThreadPoolExecutor(1) as pool:
            stepping = pool.submit(envs.step, np.array([1, 1]))
            wait_until_busy(server, *envs.instance_ids)
            server.stop(signal.SIGKILL)
            with pytest.raises(ServerUnreachable):
                stepping.result(30)
        with pytest.warns(UserWarning, match="cannot be reached"):
            envs.close()


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_end_of_a_worker_is_one_truncated_lane(server: Server, mode: AutoresetMode) -> None:
    """Killed by somebody else: the others have their steps, and it is back as the mode says."""
    envs = RemoteVectorEnv(server.url, HANGS, 3, autoreset_mode=mode)
    envs.reset(seed=1)
    hanging = envs.instance_ids[1]
    with ThreadPoolExecutor(1) as pool:
        stepping = pool.submit(envs.step, np.array([0, 1, 0]))
        wait_until_busy(server, hanging)
        os.kill(server.document(hanging)["pid"], signal.SIGKILL)
        _, rewards, terminated, truncated, infos = stepping.result(60)
    assert truncated.tolist() == [False, True, False]
    assert not terminated.any()
    assert rewards[1] == 0.0
    assert infos["fault"]["crash"]["signal"][1] == signal.SIGKILL
    if mode is AutoresetMode.DISABLED:
        envs.reset(options={"reset_mask": truncated})
    *_, truncated, infos = envs.step(np.array([0, 0, 0]))
    assert not truncated.any()
    assert "fault" not in infos
    envs.close()


def test_an_interrupted_step_has_no_late_answer(server: Server) -> None:
    """A Ctrl-C comes through at once, and the calls that follow have answers of their own."""
    env = RemoteEnv(server.url, HANGS)
    env.reset(seed=1)
    pid = server.document(env.instance_id)["pid"]

    def interrupt() -> None:
        wait_until_busy(server, env.instance_id)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            env.step(1)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises((InstanceGone, WorkerCrashed)):
        env.step(0)
    assert env.reset(seed=1)[0].shape == (2,)
    env.close()
