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

import numpy as np

import tests.greedy  # noqa: F401 - registers its own
from tests.well import Step, Well, register

__all__ = ["Step", "Well"]


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


class HangsInMake(Well):
    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        time.sleep(1000)


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


class HangsInReset(Well):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        time.sleep(1000)
        return super().reset(seed=seed, options=options)


class HangsInRender(Well):
    def render(self) -> Any:
        time.sleep(1000)


class HangsInClose(Well):
    def close(self) -> None:
        while True:
            time.sleep(1)


class Prints(Well):
    """One word each by Python, by a child and by C, then it goes without flushing anything."""

    def misbehave(self) -> None:
        print("python-out")  # noqa: T201 - what it is for
        print("python-err", file=sys.stderr)  # noqa: T201 - as above
        subprocess.run(["sh", "-c", "echo child-out; echo child-err >&2"], check=True)
        ctypes.CDLL(None).puts(b"c-out")
        ctypes.CDLL(None).perror(b"c-err")
        os._exit(6)


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


class ReturnsTheWrongShape(Well):
    def step(self, action: Any) -> Step:
        return np.zeros((3, 3), np.int64), 0.0, False, False, {}


class ReturnsNaN(Well):
    def step(self, action: Any) -> Step:
        return np.array([np.nan, -np.inf], np.float32), float("nan"), False, False, {"x": float("inf")}


class ReturnsAnObject(Well):
    def step(self, action: Any) -> Step:
        return object(), 0.0, False, False, {"lock": threading.Lock(), "set": {1}, "circle": _circle()}


class DrawsFromTheGlobalGenerator(Well):
    def step(self, action: Any) -> Step:
        return np.random.random(2).astype(np.float32), 0.0, False, False, {}  # noqa: NPY002 - that is what it is for


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


register(globals())
