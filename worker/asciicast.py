"""The film of an environment that draws text: asciicast v2, a header and then a line for each picture.

The format: https://docs.asciinema.org/manual/asciicast/v2/. Every line is strict JSON and is written at once.
"""

import time
from pathlib import Path
from typing import Any

import msgspec

from worker.growing_file import GrowingFile
from worker.video import as_rate

_CLEAR = "\x1b[2J\x1b[1;1H"
# Terminals are at least this large; text that is wider or longer gets the room that its first picture needs.
_COLUMNS, _LINES = 80, 24


class Asciicast:
    """A film at `path`; there is a file from the first picture on."""

    # What Gym's recorder called it, so that its readers know it for text.
    content_type = "video/vnd.openai.ansivid"
    suffix = ".json"

    def __init__(self, path: Path, fps: Any) -> None:
        self._path = path
        self._interval_s = float(1 / as_rate(fps))
        self._pictures = 0
        self._file: GrowingFile | None = None

    def add(self, text: str) -> None:
        """The text is the next picture, on an empty screen.

        Raises:
            ValueError: it is no text.
            OSError: it cannot be written.
        """
        if not isinstance(text, str):
            raise ValueError(f"a picture of an `ansi` environment is text, and not {type(text).__name__}")  # noqa: TRY004 - a fault of the environment's value, as in video.py
        line = msgspec.json.encode((round(self._pictures * self._interval_s, 6), "o", _CLEAR + _for_terminal(text)))
        if self._file is None:
            self._file = GrowingFile(self._path)
            line = msgspec.json.encode(_header(text)) + b"\n" + line
        self._file.append(line + b"\n")
        self._pictures += 1

    def close(self) -> None:
        """The film is whole; closing twice is closing once."""
        if self._file:
            self._file.close()

    @staticmethod
    def version() -> dict[str, object]:
        """What made the film, for its description."""
        return {"backend": "asciicast", "version": 2}


def _header(first: str) -> dict[str, object]:
    lines = first.splitlines()
    return {
        "version": 2,
        "width": max([_COLUMNS, *map(len, lines)]),
        "height": max(_LINES, len(lines) + 1),
        "timestamp": int(time.time()),
    }


def _for_terminal(text: str) -> str:
    """A terminal's line feed goes down and not back."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
