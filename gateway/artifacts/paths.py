"""From a request's path to an open file below the data directory, whatever the path's spelling.

Environments run code of their own and may put anything at all into their folders: links, pipes, devices, other
folders. So nothing here trusts what a name pointed at a moment ago: each part of a path is opened relative to the
one before it, links are not followed, and what was opened is looked at afterwards. Everything here may block;
call it in a thread.
"""

import errno
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from protocol.errors import NotFound

FOLDERS = ("rendered", "simulation", "logs", "archives")
"""What is served of an instance; everything else in its folder stays private."""

INSTANCE_ID = re.compile(r"[0-9a-f]{8}")

# O_NONBLOCK: a pipe without a writer, or a file under a lease (fcntl(2)), would hold the thread that opens it.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_ABSENT = {
    errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL,
    errno.EACCES, errno.EPERM, errno.ENXIO, errno.ENODEV, errno.EWOULDBLOCK,
}  # fmt: skip


def parts_of(raw_path: str) -> tuple[str, ...]:
    """The names in a request's path as it was sent, each decoded once: an instance, one of its folders, what is in it.

    Raises:
        NotFound: the path leads elsewhere, or to a name that is not served.
    """
    names = os.fsencode(raw_path).removeprefix(b"/").removesuffix(b"/").split(b"/")
    parts = tuple(os.fsdecode(unquote_to_bytes(name)) for name in names)
    is_artifact = len(parts) > 1 and INSTANCE_ID.fullmatch(parts[0]) and parts[1] in FOLDERS
    if not is_artifact or not all(is_served(part) for part in parts):
        raise NotFound("there is nothing at this path")
    return parts


def is_served(name: str) -> bool:
    """Whether a file of that name is for others; those with a leading dot are still being written."""
    return bool(name) and not name.startswith(".") and "/" not in name and "\0" not in name


def url_of(*parts: str) -> str:
    """The path of a URL that `parts_of` reads back; absolute, so that it holds with and without a trailing slash."""
    return "".join("/" + quote_from_bytes(os.fsencode(part)) for part in parts)


def text_of(name: str) -> str:
    """The name to be shown: bytes that are not UTF-8 are replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def open_beneath(root: Path, parts: Sequence[str]) -> int:
    """A descriptor of the regular file or folder at the end of `parts`, none of which is a link.

    Raises:
        NotFound: it is not there, is something else, or may not be read.
    """
    try:
        return _open(root, parts)
    except OSError as error:
        if error.errno in _ABSENT:
            raise NotFound("there is no file at this path") from error
        raise


def _open(root: Path, parts: Sequence[str]) -> int:
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            inner = os.open(part, _FLAGS, dir_fd=fd)
        finally:
            os.close(fd)
        fd = inner
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return fd
    os.close(fd)
    raise OSError(errno.ENXIO, "neither a file nor a folder")
