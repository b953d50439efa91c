"""Rows of cells as lines with straight columns."""

import unicodedata
from collections.abc import Sequence

from gateway.command_line.text import printable

_GAP = "  "


def lines(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """The headings and the rows; a column stands to the `right` where its figures shall be compared."""
    cells = [[printable(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    return [_GAP.join(_padded(*cell) for cell in zip(row, widths, right, strict=True)).rstrip() for row in cells]


def width(text: str) -> int:
    """How many columns of a terminal the text takes (Unicode's annex 11)."""
    return len(text) if text.isascii() else sum(map(_width, text))


def clipped(text: str, columns: int) -> str:
    """As much of the text as fits."""
    taken = 0
    for index, character in enumerate(text):
        taken += _width(character)
        if taken > columns:
            return text[:index]
    return text


def _padded(cell: str, columns: int, is_right: bool) -> str:
    blank = " " * (columns - width(cell))
    return blank + cell if is_right else cell + blank


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
