"""A log read piece by piece through an API that tells nothing but its end."""

from gateway.command_line.client import Client
from gateway.worker_log import MAX_BYTES

_MEMORY_BYTES = 1024  # of what was read last; where it stands in the log, the news begin behind it
_MARGIN_BYTES = 64 * 1024  # what may be printed between the two requests of one look
_GAP = b"\n[... more was printed than the server keeps ...]\n"


class Following:
    """What was printed since the last look, at most once a byte, whether the server has cut the log meanwhile or not.

    A look costs the server one request while nothing is printed, two when something was. An environment that prints
    faster than anybody reads leaves gaps, which are marked.
    """

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._length = 0
        self._end = b""

    def news(self) -> bytes:
        """What was printed since the last call; at the first, all that the server has."""
        length = self._client.length(self._path)
        if length == self._length < MAX_BYTES:
            return b""
        fresh = max(0, length - self._length)
        is_cut = length < self._length
        asked = MAX_BYTES if is_cut else min(MAX_BYTES, fresh + len(self._end) + _MARGIN_BYTES)
        content = self._client.content(f"{self._path}?tail={asked}")
        is_whole = len(content) < asked
        begin = self._begin(content, fresh, is_whole=is_whole)
        news = _GAP + content if begin is None else content[begin:]
        self._length = min(MAX_BYTES, len(content) if is_whole else max(length, self._length + len(news)))
        self._end = (self._end + news)[-_MEMORY_BYTES:]
        return news

    def _begin(self, content: bytes, fresh: int, *, is_whole: bool) -> int | None:
        """Where the news begin, `fresh` bytes or a little more before the end of `content`; None where a gap is."""
        if is_whole and content[: self._length].endswith(self._end):
            return self._length
        place = content.rfind(self._end, 0, max(0, len(content) - fresh))
        if place < 0:
            place = content.rfind(self._end)
        return None if place < 0 else place + len(self._end)
