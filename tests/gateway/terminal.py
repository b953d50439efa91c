"""A terminal at which a person sits: keys go in, and what is on its screen comes out."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from typing import Any

from tests.gateway.program import PROGRAM, WAIT_S, environment
from tests.server import ROOT, Server

ROWS, COLUMNS = 12, 120
END_OF_FRAME = "\x1b[J"
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The far end of a pseudo-terminal with a command at its near end."""

    def __init__(self, process: "subprocess.Popen[bytes]", far: int, near: int) -> None:
        self.process = process
        self.raw = ""
        self._far = far
        self._near = near
        self._read = 0

    @property
    def modes(self) -> list[Any]:
        """What the terminal does with keys; a program may change it, and has to change it back."""
        return termios.tcgetattr(self._near)

    def press(self, keys: str) -> None:
        """The keys are pressed."""
        os.write(self._far, keys.encode())

    def screen(self, pattern: str) -> list[str]:
        """The lines of the next whole screen in which the pattern is found."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            end = self.raw.find(END_OF_FRAME, self._read)
            if end < 0:
                self._receive()
                continue
            frame = _SEQUENCE.sub("", self.raw[self._read : end])
            self._read = end + len(END_OF_FRAME)
            if re.search(pattern, frame):
                return [line.rstrip() for line in frame.split("\r\n")]
        raise AssertionError(f"no {pattern} on {self.raw}")

    def rest(self) -> str:
        """What the command writes until its end."""
        begin = len(self.raw)
        self.process.wait(WAIT_S)
        while select.select([self._far], (), (), 0)[0]:
            self._receive()
        return self.raw[begin:]

    def _receive(self) -> None:
        assert select.select([self._far], (), (), WAIT_S)[0], self.raw
        self.raw += os.read(self._far, 65536).decode()


@contextlib.contextmanager
def at_terminal(server: Server, *arguments: str) -> Iterator[Terminal]:
    """The command, started from a terminal that is its own."""
    far, near = pty.openpty()
    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        # setsid(1) makes the terminal the one whose Ctrl-C the command gets.
        command = ["setsid", "--ctty", *PROGRAM, *arguments]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment(server.url), stdin=near, stdout=near, stderr=near
        ) as process:
            try:
                yield Terminal(process, far, near)
            finally:
                process.kill()
    finally:
        os.close(far)
        os.close(near)
