"""The settings of a server: flags, each also a variable `GYM_SERVER_<NAME>`. Read here and nowhere else."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from protocol.messages import Limits

_MEBIBYTE = 1024 * 1024
_PREFIX = "GYM_SERVER_"


class Config(msgspec.Struct, frozen=True):
    """What the operator has set. Ports: 0 takes a free one. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 5000
    artifacts_port: int = 8000
    data_dir: Path = Path("gym-server-data")
    imports: tuple[str, ...] = ()
    max_instances: int = 256
    queue_length: int = 64
    max_body_bytes: int = 4 * _MEBIBYTE
    max_reply_bytes: int = 64 * _MEBIBYTE
    limits: Limits = Limits()
    log_level: str = "info"


def read_config(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """The settings that flags, then environment variables, then defaults give.

    Ends the process with a message and code 2 where a value cannot be read.
    """
    parser = _parser()
    parser.set_defaults(**_from_environment(parser, environment))
    given = vars(parser.parse_args(arguments))
    limits = Limits(**{field: given.pop(field) for field in Limits.__struct_fields__})
    return Config(**given | {"limits": limits, "imports": tuple(given["imports"])})


def _parser() -> argparse.ArgumentParser:
    default, limits = Config(), Limits()
    parser = argparse.ArgumentParser(
        prog="gym-server run",
        description="Serve Gymnasium environments over HTTP, each in a process of its own.",
        epilog="Each flag can also be set as an environment variable: --max-instances is GYM_SERVER_MAX_INSTANCES.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=default.host, help="address to listen on")
    add("--port", type=_port, default=default.port, help="port of the gateway; 0 takes a free one")
    add("--artifacts-port", type=_port, default=default.artifacts_port, help="port of the artifact server")
    add("--data-dir", type=Path, default=default.data_dir, help="where pictures, recordings and logs are kept")
    add("--import", dest="imports", metavar="MODULE", action="append", default=[], help=_IMPORT_HELP)
    add("--max-instances", type=_positive, default=default.max_instances, help="environments alive at once")
    add("--queue-length", type=_positive, default=default.queue_length, help="commands waiting for one environment")
    add("--max-body-bytes", type=_positive, default=default.max_body_bytes, help="size of a request's body")
    add("--max-reply-bytes", type=_positive, default=default.max_reply_bytes, help="size of an environment's answer")
    for name, seconds in (("start", limits.start_s), ("reset", limits.reset_s), ("step", limits.step_s),
                          ("render", limits.render_s), ("close", limits.close_s)):  # fmt: skip
        text = f"seconds until an environment's {name} is given up and its process killed"
        add(f"--{name}-timeout", dest=f"{name}_s", type=_seconds, default=seconds, metavar="S", help=text)
    add("--log-level", choices=("debug", "info", "warning", "error"), default=default.log_level, help="what is logged")
    return parser


_IMPORT_HELP = "module that registers environments, imported in every worker; may be repeated"


def _from_environment(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> dict[str, object]:
    """Defaults for the parser; strings, so that argparse reads and checks them like flags."""
    found: dict[str, object] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of what was added to it
        flag = action.option_strings[-1].removeprefix("--")
        value = environment.get(_PREFIX + flag.upper().replace("-", "_"))
        if value is None:
            continue
        if action.dest == "imports":
            found[action.dest] = [module for module in value.replace(",", " ").split() if module]
        elif action.choices and value not in action.choices:
            parser.error(f"{_PREFIX}{flag.upper()}: {value!r} is not one of {', '.join(action.choices)}")
        else:
            found[action.dest] = value
    return found


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:  # noqa: PLR2004 - the ports that there are
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:  # noqa: PLR2004 - asyncio's timers hold no more
        raise argparse.ArgumentTypeError(f"{text} is not a time above 0")
    return seconds


def config_from_process(arguments: Sequence[str]) -> Config:
    """The settings of this process."""
    return read_config(arguments, os.environ)
