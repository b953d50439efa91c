"""Which of several media types a client would rather have (RFC 9110, section 12.5.1)."""

import re
from functools import lru_cache

_QUALITY = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


@lru_cache(maxsize=256)
def preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    """The offered type that is wanted most, a type that is named before one that a wildcard stands for.

    The first of those wanted equally, so also where the header is empty; None where the client wants none of them.
    """
    if not accept.strip():
        return offered[0]
    ranges = dict(_read(part) for part in accept.split(","))
    wanted = [(*_wish(ranges, media_type), -index, media_type) for index, media_type in enumerate(offered)]
    quality, _, _, media_type = max(wanted)
    return media_type if quality else None


def _wish(ranges: dict[str, float], media_type: str) -> tuple[float, int]:
    """How much the type is wanted, and how precisely the range that says so names it; the most precise one counts."""
    spellings = ("*/*", media_type.partition("/")[0] + "/*", media_type)
    for precision in (2, 1, 0):
        if spellings[precision] in ranges:
            return ranges[spellings[precision]], precision
    return 0.0, 0


def _read(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip() for piece in part.split(";"))
    matches = (_QUALITY.fullmatch(parameter) for parameter in parameters)
    return media_range.lower(), next((float(match[1]) for match in matches if match), 1.0)
