"""What kind of file a name stands for. The server wrote most of them, but an environment may have written any."""

from collections.abc import Sequence

TEXT = "text/plain; charset=utf-8"
UNKNOWN = "application/octet-stream"
"""A type that a browser saves instead of showing."""

_BY_SUFFIX = {
    "gif": "image/gif",
    "gz": "application/gzip",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "log": TEXT,
    "mp4": "video/mp4",
    "png": "image/png",
    "txt": TEXT,
}


def media_type(parts: Sequence[str]) -> str:
    """The Content-Type of the file at that path; never one that can run a script, such as HTML or SVG."""
    if parts[1] == "logs":
        return TEXT  # whatever they are called once they are rotated
    return _BY_SUFFIX.get(parts[-1].rpartition(".")[2].lower(), UNKNOWN)
