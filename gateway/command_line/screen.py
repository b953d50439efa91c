"""A terminal taken over for a while: redrawn in place, read key by key, given back as it was."""

import os
import re
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from typing import Any, Self

from gateway.command_line.table import clipped
from gateway.command_line.text import printable

# ECMA-48, and two of xterm's private modes that every terminal of today has.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # a second screen, without a cursor
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_INVERSE, _PLAIN = "\x1b[7m", "\x1b[m"
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_KEY = re.compile(r"\x1b[\[O]?.|.", re.DOTALL)
_INPUT_BYTES = 1024


class Screen:
    """The terminal at stdout, between `with` and its end however that comes; keys come from stdin if it is one."""

    def __init__(self) -> None:
        self._stdin = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None
        self._attributes: list[Any] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in _ENDING:
            self._handlers[number] = signal.signal(number, _end)
        if self._stdin is not None:
            self._attributes = termios.tcgetattr(self._stdin)
            tty.setcbreak(self._stdin)
        _write(_ENTER)
        return self

    def __exit__(self, *_exc: object) -> None:
        _write(_LEAVE)
        if self._stdin is not None:
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._attributes)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def draw(self, lines: Sequence[str], emphasised: int) -> None:
        """The lines are all that can be seen, as far as they fit; one of them is emphasised."""
        columns, rows = shutil.get_terminal_size()
        drawn = [clipped(printable(line), columns) for line in lines[:rows]]
        if emphasised < len(drawn):
            drawn[emphasised] = f"{_INVERSE}{drawn[emphasised]:{columns}}{_PLAIN}"
        _write(_HOME + "\n".join(line + _REST_OF_LINE for line in drawn) + _REST_OF_SCREEN)

    def keys(self, timeout_s: float) -> list[str]:
        """The keys that were pressed, as soon as one is; none when the time is over, `q` when the terminal is gone."""
        inputs = [] if self._stdin is None else [self._stdin]
        if not select.select(inputs, (), (), timeout_s)[0]:
            return []
        return _KEY.findall(os.read(inputs[0], _INPUT_BYTES).decode("utf-8", "replace")) or ["q"]


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)
