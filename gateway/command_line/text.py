"""What reaches the terminal: the only way there, so that nothing a server sends can drive it."""

import io
import json
import sys
from typing import Any

import msgspec


def prepare_streams() -> None:
    """What a terminal's encoding does not have is written as an escape, and is no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, end: str = "\n") -> None:
    """The text is on stdout; of control characters only newlines and tabs do what they do."""
    print(printable(text, keeps_lines=True), end=end, flush=True)  # noqa: T201 - a command line prints


def say_json(value: Any) -> None:
    """The value is on stdout, one line of ASCII for a script; a number that is not finite is null, JSON has none."""
    say(json.dumps(msgspec.json.decode(msgspec.json.encode(value))))


def complain(text: str) -> None:
    """The text is on stderr, as a sentence of this program."""
    print(f"gym-server: {printable(text, keeps_lines=True)}", file=sys.stderr, flush=True)  # noqa: T201 - as above


def printable(text: str, *, keeps_lines: bool = False) -> str:
    r"""The text on which a terminal does not act: control characters as `\x1b`, but for newlines and tabs if kept."""
    return text if text.isprintable() else text.translate(_in_lines if keeps_lines else _in_a_line)


class _Shown(dict[int, str | int]):
    """For `str.translate`: what stands for a character, found out when it is first met."""

    def __missing__(self, code: int) -> str | int:
        character = chr(code)
        self[code] = code if character.isprintable() else character.encode("unicode_escape").decode()
        return self[code]


_in_a_line = _Shown()
_in_lines = _Shown({ord("\n"): "\n", ord("\t"): "\t"})
