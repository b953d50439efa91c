"""An environment whose steps last as long as a test wants, and the test's end of it.

As a module it registers the environment; `GATES` are the flags of a server that has it.
"""

import os
import select
from pathlib import Path
from typing import Any, Self

import gymnasium
import numpy as np
from gymnasium import spaces

GATES = ("--import", "tests.gateway.gates", "--allow-kwargs", "folder", "--worker-unconfined")
"""What a server needs for them: its environments open files of the test's, which one of its arguments names."""

_WAIT_S = 20.0


class Gate:
    """Two FIFOs in a folder: the environment says in one that it has entered a step, and waits at the other one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        for name in ("entered", "released"):
            os.mkfifo(folder / name)
        self.kwargs = {"folder": str(folder)}
        self._folder = folder
        self._entered = os.open(folder / "entered", os.O_RDONLY | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        os.close(self._entered)

    def wait_until_entered(self) -> None:
        """A step is being taken, and goes on until it is released."""
        assert select.select([self._entered], [], [], _WAIT_S)[0], "nobody came"
        assert os.read(self._entered, 1)

    def release(self) -> None:
        """The step that was entered ends."""
        with (self._folder / "released").open("wb") as fifo:
            fifo.write(b"1")


class Gated(gymnasium.Env[Any, Any]):
    """Action 1 waits at the gate; the observation is the number of steps taken, `size` times."""

    action_space = spaces.Discrete(2)

    def __init__(self, folder: str, size: int = 1, render_mode: str | None = None) -> None:
        self.observation_space = spaces.Box(0, np.inf, (size,), np.float64)
        self.render_mode = render_mode
        self._folder = Path(folder)
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if action == 1:
            self._wait()
        self._steps += 1
        return self._observe(), float(self._steps), False, False, {}

    def _observe(self) -> Any:
        return np.full(self.observation_space.shape or (), self._steps, np.float64)

    def _wait(self) -> None:
        with (self._folder / "entered").open("wb") as fifo:
            fifo.write(b"1")
        with (self._folder / "released").open("rb") as fifo:
            fifo.read(1)


class GatedMake(Gated):
    """Waits at the gate as it is made."""

    def __init__(self, folder: str, render_mode: str | None = None) -> None:
        super().__init__(folder, render_mode=render_mode)
        self._wait()


gymnasium.register("gates/GatedMake-v0", entry_point=f"{__name__}:GatedMake")
gymnasium.register("gates/Gated-v0", entry_point=f"{__name__}:Gated")
