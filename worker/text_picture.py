"""Text with ANSI colours as a picture: every character in a cell of its own, as on a terminal.

The colours matter: FrozenLake shows where the agent is by nothing else. Escape sequences are those of ECMA-48,
section 8.3.117 (Select Graphic Rendition); others are left out.
"""

import re
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

_CELL = (12, 22)
_FONT_SIZE = 18
_MAX_CELLS = (400, 200)  # columns, rows: a bound for what an environment may make us draw
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
_INK, _PAPER = (230, 230, 230), (24, 24, 28)
_COLOURS = (
    (0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 190, 16),
    (36, 114, 200), (188, 63, 188), (17, 168, 205), (229, 229, 229),
)  # fmt: skip

Colour = tuple[int, int, int]


def draw_text(text: str) -> Image.Image:
    """The text as an RGB image, light on dark, as large as its lines need."""
    rows = [list(cells) for cells in _rows(text)][: _MAX_CELLS[1]]
    columns = min(max((len(row) for row in rows), default=1) or 1, _MAX_CELLS[0])
    width, height = _CELL
    image = Image.new("RGB", ((columns + 2) * width, (len(rows) + 1) * height), _PAPER)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(_FONT_SIZE)
    for y, row in enumerate(rows):
        for x, (character, ink, paper) in enumerate(row[:columns]):
            left, top = (x + 1) * width, y * height + height // 2
            if paper != _PAPER:
                pen.rectangle((left, top, left + width - 1, top + height - 1), fill=paper)
            pen.text((left + width / 2, top + height / 2), character, fill=ink, font=font, anchor="mm")
    return image


def _rows(text: str) -> Iterator[Iterator[tuple[str, Colour, Colour]]]:
    ink, paper = _INK, _PAPER
    for line in text.rstrip("\n").split("\n"):
        cells: list[tuple[str, Colour, Colour]] = []
        start = 0
        for match in _ESCAPE.finditer(line):
            cells += [(character, ink, paper) for character in line[start : match.start()]]
            start = match.end()
            if match[2] == "m":
                ink, paper = _select(match[1], ink, paper)
        cells += [(character, ink, paper) for character in line[start:]]
        yield iter(cells)


def _select(codes: str, ink: Colour, paper: Colour) -> tuple[Colour, Colour]:
    for code in (int(part or 0) for part in codes.split(";")):
        match code // 10, code % 10:
            case 0, 0:
                ink, paper = _INK, _PAPER
            case ((3 | 9), digit) if digit < len(_COLOURS):
                ink = _COLOURS[digit]
            case ((4 | 10), digit) if digit < len(_COLOURS):
                paper = _COLOURS[digit]
            case 3, 9:
                ink = _INK
            case 4, 9:
                paper = _PAPER
    return ink, paper
