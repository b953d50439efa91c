"""The commands and their arguments; what one cannot do is a line on stderr and exit code 1."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gateway.command_line import close, kill, logs, ls, rollout, stack, top
from gateway.command_line.client import Client, CommandFailed
from gateway.command_line.text import complain, prepare_streams
from gateway.config import hide_tokens, server_token, server_url

_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT


class Command(NamedTuple):
    """One command against a running server."""

    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Client, Namespace], int]
    text: str


_COMMANDS = {
    "ls": Command(ls.add_arguments, ls.run, "list all instances"),
    "top": Command(top.add_arguments, top.run, "watch all instances live"),
    "kill": Command(kill.add_arguments, kill.run, "kill instances, whatever they do, and tell how they died"),
    "close": Command(close.add_arguments, close.run, "let instances close themselves"),
    "logs": Command(logs.add_arguments, logs.run, "tell what an instance has printed"),
    "stack": Command(stack.add_arguments, stack.run, "tell where an instance is just now"),
    "rollout": Command(rollout.add_arguments, rollout.run, "play an environment at random"),
}


def run(arguments: Sequence[str]) -> int:
    """The command is done; its exit code. Ends the process with code 2 where the arguments cannot be read."""
    prepare_streams()
    options = _parser().parse_args(arguments)
    if options.token:
        hide_tokens(arguments)
    try:
        return _COMMANDS[options.command].run(Client(options.url, options.token or server_token()), options)
    except CommandFailed as failure:
        complain(str(failure))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output, as head does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the end of the interpreter fails at it
        return 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="gym-server",
        description="Serve Gymnasium environments over HTTP, and look after a server that runs.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    commands.add_parser("run", help="serve; what it is without a command, too")
    for name, command in _COMMANDS.items():
        own = commands.add_parser(name, help=command.text, description=f"{command.text.capitalize()}.")
        command.add_arguments(own)
        own.add_argument("--url", default=server_url(), help="the server, %(default)s; or GYM_SERVER_URL")
        own.add_argument("--token", metavar="SECRET", help="what the server asks for; or GYM_SERVER_TOKEN")
        own.add_argument("--json", action="store_true", help="for scripts")
    return parser
