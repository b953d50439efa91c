"""`gym-server stack`: where an environment is just now."""

from argparse import ArgumentParser, Namespace

from gateway.command_line.client import Client
from gateway.command_line.overview import path_of, whole_ids
from gateway.command_line.text import say, say_json


def add_arguments(parser: ArgumentParser) -> None:
    """Whose."""
    parser.add_argument("id", help="instance, or the beginning of its id")


def run(client: Client, options: Namespace) -> int:
    """The Python stack of each of its threads is told, also while it hangs."""
    (instance_id,) = whole_ids(client, [options.id])
    stack = client.content(f"{path_of(instance_id)}/stack").decode("utf-8", "replace")
    if options.json:
        say_json({"instance_id": instance_id, "stack": stack})
    else:
        say(stack.rstrip("\n"))
    return 0
