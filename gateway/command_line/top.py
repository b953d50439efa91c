"""`gym-server top`: all instances, live on a terminal; as one table, where stdout is none."""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from gateway.command_line import amounts, columns
from gateway.command_line.client import Client
from gateway.command_line.overview import Overview, overviews
from gateway.command_line.screen import Screen
from gateway.command_line.text import say, say_json

_INTERVAL_S = 1.0
_LOOKS = 5  # the server itself measures once a second or more often: a share over several looks does not jump
_SNAPSHOT_S = 2.0
_NAMES = [column.name for column in columns.LIVE]
_KEYS_OF_NEXT, _KEYS_OF_PREVIOUS = (">", "\x1b[C", "\x1bOC"), ("<", "\x1b[D", "\x1bOD")
_KEYS = "q: quit   < >: other column   r: reverse"


def add_arguments(parser: ArgumentParser) -> None:
    """The order."""
    names = ", ".join(_NAMES).replace("%", "%%")  # argparse would fill in something
    parser.add_argument("--sort", choices=_NAMES, default="cpu%", metavar="COLUMN", help=f"one of {names}")
    parser.add_argument("--reverse", action="store_true", help="the smallest first")


def run(client: Client, options: Namespace) -> int:
    """Shown until `q` or Ctrl-C; where stdout is no terminal, what was seen within two seconds."""
    order = Order(_NAMES.index(options.sort), is_reversed=options.reverse)
    looks = Looks(client)
    if sys.stdout.isatty() and not options.json:
        _live(looks, order, client.url)
        return 0
    looks.look()
    time.sleep(_SNAPSHOT_S)
    instances = order.of(looks.look())
    if options.json:
        say_json({"envs": instances})
    else:
        say("\n".join(columns.shown(instances, columns.LIVE)))
    return 0


@dataclass
class Order:
    """The column by which instances are ordered, and in which direction."""

    column: int
    is_reversed: bool

    def __str__(self) -> str:
        return f"{columns.LIVE[self.column].name}{', reversed' if self.is_reversed else ''}"

    def of(self, instances: Sequence[Overview]) -> list[Overview]:
        """The instances in this order."""
        return columns.ordered(instances, columns.LIVE[self.column], is_reversed=self.is_reversed)

    def press(self, key: str) -> None:
        """The order is as the key wants it."""
        self.is_reversed ^= key == "r"
        step = (key in _KEYS_OF_NEXT) - (key in _KEYS_OF_PREVIOUS)
        self.column = (self.column + step) % len(columns.LIVE)


class Looks:
    """The last few looks at all instances, for what only several can tell."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._used: dict[tuple[str, int | None], deque[tuple[float, float]]] = {}

    def look(self) -> list[Overview]:
        """All instances with their share of one core, per cent; None for those that were never seen before."""
        instances, now = overviews(self._client), time.monotonic()
        before, self._used = self._used, {}
        for each in instances:
            key = each.instance_id, each.pid  # another process begins again at 0
            self._used[key] = before.get(key, deque(maxlen=_LOOKS))
            self._used[key].append((now, each.cpu_s or 0.0))
        return [msgspec.structs.replace(each, cpu_percent=self._share(each)) for each in instances]

    def _share(self, instance: Overview) -> float | None:
        used = self._used[instance.instance_id, instance.pid]
        (began, before_s), (ended, after_s) = used[0], used[-1]
        return max(0.0, 100 * (after_s - before_s) / (ended - began)) if ended > began else None


def _live(looks: Looks, order: Order, url: str) -> None:
    is_wanted = True
    try:
        with Screen() as screen:
            while is_wanted:
                instances, seen = looks.look(), time.monotonic()
                is_wanted = _show(screen, order, instances, url, seen + _INTERVAL_S)
    except KeyboardInterrupt:
        return


def _show(screen: Screen, order: Order, instances: Sequence[Overview], url: str, until: float) -> bool:
    """The instances are on the screen, at every key in its order; False as soon as it is to end, True at the time."""
    keys = None
    while keys != []:
        head = [_summary(instances, url), f"{_KEYS}   ordered by {order}", ""]
        table = columns.shown(order.of(instances), columns.LIVE)
        screen.draw([*head, *table], emphasised=len(head))
        keys = screen.keys(max(0.0, until - time.monotonic()))
        if "q" in keys:
            return False
        for key in keys:
            order.press(key)
    return True


def _summary(instances: Sequence[Overview], url: str) -> str:
    states = Counter(instance.state for instance in instances)
    counted = ", ".join(f"{number} {state}" for state, number in states.items()) or "no instances"
    steps = amounts.number(sum(instance.steps_per_s or 0 for instance in instances))
    memory = amounts.size(sum(instance.rss_bytes or 0 for instance in instances))
    return f"{url}   {counted}   {steps} steps/s   {memory} memory"
