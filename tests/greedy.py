"""Environments that take more than their share: memory, processes, descriptors, disk, other people's time."""

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from tests.well import Step, Well, register


class Leaks(Well):
    def misbehave(self) -> None:
        kept = []
        while True:
            kept.append(bytearray(os.urandom(1024)) * 1024 * 16)


class LeaksInAChild(Leaks):
    def misbehave(self) -> None:
        if os.fork() == 0:
            super().misbehave()
        time.sleep(1000)


class Floods(Well):
    def misbehave(self) -> None:
        block = b"x" * 1023 + b"\n"
        for _ in range(512):
            os.write(1, block * 1024)
            os.write(2, block * 1024)


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


class ReturnsAGigabyte(Well):
    def step(self, action: Any) -> Step:
        observation = np.zeros(2**28 if action else 2, np.float32)
        return observation, 0.0, False, False, {}


class ReturnsMegabytes(Well):
    """An answer that fits, but not into anybody's buffers."""

    def step(self, action: Any) -> Step:
        return np.zeros(2**23, np.uint8), 0.0, False, False, {}


class WritesAHugeFile(Well):
    def misbehave(self) -> None:
        with tempfile.TemporaryFile() as file:
            while True:
                file.write(b"z" * 2**20)


register(globals())
