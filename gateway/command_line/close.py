"""`gym-server close`: an environment closes itself, then its process ends."""

from argparse import ArgumentParser, Namespace

from gateway.command_line.client import Client
from gateway.command_line.each import for_each
from gateway.command_line.overview import path_of
from gateway.command_line.text import say, say_json


def add_arguments(parser: ArgumentParser) -> None:
    """Which."""
    parser.add_argument("ids", nargs="+", metavar="id", help="instance, or the beginning of its id")


def run(client: Client, options: Namespace) -> int:
    """They are closed, and said to be."""

    def close(instance_id: str) -> None:
        client.delete(path_of(instance_id), _CLOSE_S)
        if options.json:
            say_json({"instance_id": instance_id, "state": "closed"})
        else:
            say(f"{instance_id} is closed")

    return for_each(client, options.ids, close)


_CLOSE_S = 600.0  # a command that runs ends first, and may take as long as the server lets it
