"""Environments that keep what they take, and then hang; as a module it registers them."""

import time
from typing import Any

from tests.well import Well, register


class Hoards(Well):
    """Takes so many megabytes at once, less than its own limit; action 1 hangs."""

    def __init__(self, megabytes: int = 0, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.hoard = bytearray(b"x") * (megabytes * 2**20)

    def misbehave(self) -> Any:
        time.sleep(1000)


register(globals())
