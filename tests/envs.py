"""Environments that misbehave, a few lines each; imported in workers with `--import tests.envs`.

The action of a step decides nothing but its number: each class does its mischief where its name says.
"""

import collections
import ctypes
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

Step = tuple[Any, float, bool, bool, dict[str, Any]]


class Well(gymnasium.Env[Any, Any]):
    """Behaves; the others say how they differ. Action 1 does the mischief, action 0 never does."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - Gymnasium's own form
    observation_space: spaces.Space[Any] = spaces.Box(-1, 1, (2,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action: Any) -> Step:
        if action == 1:
            self.misbehave()
        return np.zeros(2, np.float32), 0.0, False, False, {}

    def render(self) -> Any:
        return np.zeros((4, 4, 3), np.uint8)

    def misbehave(self) -> None:
        """Nothing."""


class Exits(Well):
    def misbehave(self) -> None:
        os._exit(3)


class SysExits(Well):
    def misbehave(self) -> None:
        sys.exit(4)


class KillsItself(Well):
    def misbehave(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Segfaults(Well):
    def misbehave(self) -> None:
        ctypes.string_at(0)


class Aborts(Well):
    def misbehave(self) -> None:
        os.abort()


class Raises(Well):
    def misbehave(self) -> None:
        raise ValueError("a step of this environment always fails")


class RaisesInMake(Well):
    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        raise ValueError("this environment cannot be made")


class ExitsInMake(Well):
    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        os._exit(7)


class SlowToMake(Well):
    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        time.sleep(10)


class RaisesInReset(Well):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        raise ValueError("this environment cannot be reset")


class RaisesInRender(Well):
    def render(self) -> Any:
        raise ValueError("this environment cannot be drawn")


class RaisesInClose(Well):
    def close(self) -> None:
        raise ValueError("this environment cannot be closed")


class Sleeps(Well):
    def misbehave(self) -> None:
        time.sleep(10)


class Dawdles(Well):
    def misbehave(self) -> None:
        time.sleep(1)


class HangsInPython(Well):
    def misbehave(self) -> None:
        while True:
            pass


class HangsInC(Well):
    def misbehave(self) -> None:
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        ctypes.PyDLL(None).pause()  # keeps the interpreter's lock for ever


class SpinsInC(Well):
    """Keeps the interpreter's lock, but has the system's signals as they were."""

    def misbehave(self) -> None:
        collections.deque(itertools.repeat(None), maxlen=0)


class StopsItself(Well):
    def misbehave(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)


class HangsInClose(Well):
    def close(self) -> None:
        while True:
            time.sleep(1)


class Leaks(Well):
    def misbehave(self) -> None:
        kept = []
        while True:
            kept.append(bytearray(os.urandom(1024)) * 1024 * 16)


class Floods(Well):
    def misbehave(self) -> None:
        block = b"x" * 1023 + b"\n"
        for _ in range(512):
            os.write(1, block * 1024)
            os.write(2, block * 1024)


class Prints(Well):
    """One word each by Python, by a child and by C, then it goes without flushing anything."""

    def misbehave(self) -> None:
        print("python-out")  # noqa: T201 - what it is for
        print("python-err", file=sys.stderr)  # noqa: T201 - as above
        subprocess.run(["sh", "-c", "echo child-out; echo child-err >&2"], check=True)
        ctypes.CDLL(None).puts(b"c-out")
        ctypes.CDLL(None).perror(b"c-err")
        os._exit(6)


class PrintsOneLine(Well):
    def misbehave(self) -> None:
        sys.stdout.write("y" * 10_000_000)


class SpawnsAndStays(Well):
    """Children that outlive it: one in its group, one that left the group, one whose parent is gone."""

    def misbehave(self) -> None:
        for command in (["sleep", "1000"], ["setsid", "sleep", "1000"], ["sh", "-c", "setsid sleep 1000 & sleep 0.1"]):
            subprocess.Popen(command)


class Spawns(SpawnsAndStays):
    """It does not live to see what becomes of them."""

    def misbehave(self) -> None:
        super().misbehave()
        os._exit(5)


class Forks(Well):
    def misbehave(self) -> None:
        while True:
            if os.fork() == 0:
                time.sleep(1000)


class ForksAway(Well):
    """Every fork leaves the session and forks in its turn, up to a thousand."""

    def misbehave(self) -> None:
        for _ in range(10):
            if os.fork() == 0:
                os.setsid()
        time.sleep(1000)


class OpensDescriptors(Well):
    def misbehave(self) -> None:
        self.kept = []
        while True:
            self.kept.append(os.open(os.devnull, os.O_RDONLY))


class ClosesDescriptors(Well):
    def misbehave(self) -> None:
        os.closerange(0, 65536)


class WritesToDescriptors(Well):
    def misbehave(self) -> None:
        for fd in range(1000):
            try:
                os.write(fd, b"\xc1 garbage \xff" * 100)
            except OSError:
                continue


class ReturnsAGigabyte(Well):
    def step(self, action: Any) -> Step:
        observation = np.zeros(2**28 if action else 2, np.float32)
        return observation, 0.0, False, False, {}


class ReturnsMegabytes(Well):
    """An answer that fits, but not into anybody's buffers."""

    def step(self, action: Any) -> Step:
        return np.zeros(2**23, np.uint8), 0.0, False, False, {}


class ReturnsTheWrongShape(Well):
    def step(self, action: Any) -> Step:
        return np.zeros((3, 3), np.int64), 0.0, False, False, {}


class ReturnsNaN(Well):
    def step(self, action: Any) -> Step:
        return np.array([np.nan, -np.inf], np.float32), float("nan"), False, False, {"x": float("inf")}


class ReturnsAnObject(Well):
    def step(self, action: Any) -> Step:
        return object(), 0.0, False, False, {"lock": threading.Lock(), "set": {1}, "circle": _circle()}


class ChangesItsSurroundings(Well):
    def misbehave(self) -> None:
        os.chdir("/")
        os.umask(0o777)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        os.environ.clear()
        sys.stdout = sys.stderr = sys.stdin = None
        sys.modules.clear()


class StartsThreads(Well):
    def misbehave(self) -> None:
        for _ in range(50):
            threading.Thread(target=time.sleep, args=(1000,)).start()


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


for _name, _class in list(globals().items()):
    if isinstance(_class, type) and issubclass(_class, Well):
        gymnasium.register(f"test/{_name}-v0", entry_point=f"{__name__}:{_name}")
