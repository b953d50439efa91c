"""Whether a caller would rather have JSON or a page (RFC 9110, section 12.5.1)."""

import re

_QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.IGNORECASE)


def wants_json(accept: str) -> bool:
    """Whether the Accept header names JSON, and prefers it to HTML if it names both; a wildcard asks for a page."""
    qualities = dict(_read(part) for part in accept.split(","))
    return qualities.get("application/json", 0.0) > qualities.get("text/html", 0.0)


def _read(part: str) -> tuple[str, float]:
    """A media type and how much it is wanted, 0 to 1."""
    media_type, *parameters = (piece.strip() for piece in part.split(";"))
    matches = (_QUALITY.fullmatch(parameter) for parameter in parameters)
    return media_type.lower(), next((float(match[1]) for match in matches if match), 1.0)
