"""`gym-server logs`: what an environment, and all that it started, have printed."""

import codecs
import io
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable

from gateway.command_line.client import Client, Refused
from gateway.command_line.following import Following
from gateway.command_line.overview import overview, path_of, whole_ids
from gateway.command_line.text import complain, say, say_json

_INTERVAL_S = 0.5
_GONE = (404, 410)


def add_arguments(parser: ArgumentParser) -> None:
    """Whose, how much of it, and whether it goes on."""
    parser.add_argument("id", help="instance, or the beginning of its id")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the instance has ended")
    parser.add_argument("--tail", type=_lines, metavar="N", help="begin with the last N lines")


def run(client: Client, options: Namespace) -> int:
    """It is told; if it is followed, until the instance is closed or has crashed for good."""
    (instance_id,) = whole_ids(client, [options.id])
    told = (lambda text: say_json({"instance_id": instance_id, "log": text})) if options.json else _say
    log = Following(client, f"{path_of(instance_id)}/logs")
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    told(_last_lines(decode(log.news()), options.tail))
    if options.follow:
        _follow(client, instance_id, lambda: decode(log.news()), told)
    return 0


def _follow(client: Client, instance_id: str, news: Callable[[], str], told: Callable[[str], None]) -> None:
    end = None
    while end is None:
        time.sleep(_INTERVAL_S)
        try:
            end = _end(client, instance_id)  # asked first, so that what was printed until then is still told
            text = news()
        except Refused as refused:
            if refused.status not in _GONE:
                raise
            end, text = "is closed", ""
        if text:
            told(text)
    complain(f"{instance_id} {end}")


def _end(client: Client, instance_id: str) -> str | None:
    """How the instance has ended; None while it may print something yet."""
    seen = overview(client, client.get(path_of(instance_id)))
    return "has crashed" if seen.state == "crashed" and seen.on_crash != "restart" else None


def _say(text: str) -> None:
    say(text, end="")


def _last_lines(text: str, number: int | None) -> str:
    if number is None:
        return text
    # str.splitlines would also split at a carriage return, and at what else some standard calls a line's end.
    return "".join(io.StringIO(text, newline="\n").readlines()[-number:]) if number else ""


def _lines(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)
