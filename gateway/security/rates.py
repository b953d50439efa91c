"""How often something may happen: a bucket that fills at a rate, and what is taken from it."""

from collections import OrderedDict

_REMEMBERED = 10_000


class Bucket:
    """Holds at most `most`, fills by `rate` a second; times are those of one monotonic clock, in seconds."""

    __slots__ = ("_at", "_held", "_most", "_rate")

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate = rate
        self._most = most
        self._held = most
        self._at = now

    def take(self, now: float) -> float:
        """0 if there was one to take, and it is taken; otherwise the seconds until there is."""
        self._held = min(self._most, self._held + (now - self._at) * self._rate)
        self._at = now
        if self._held < 1:
            return (1 - self._held) / self._rate
        self._held -= 1
        return 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until there is one to take; nothing is taken."""
        return max(0.0, (1 - self._held) / self._rate - (now - self._at))


class Failures:
    """Wrong tokens, counted for each address that they come from, so that nobody tries them out one after the other."""

    def __init__(self, rate: float, most: float) -> None:
        self._rate = rate
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until a token of this address is looked at again; 0 if it is."""
        bucket = self._buckets.get(address)
        return bucket.wait_s(now) if bucket else 0.0

    def count(self, address: str, now: float) -> None:
        """A wrong one has come from there."""
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._rate, self._most, now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        bucket.take(now)
