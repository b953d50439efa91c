"""`gym-server ls`: all instances, as they are at this moment."""

from argparse import ArgumentParser, Namespace

from gateway.command_line import columns
from gateway.command_line.client import Client
from gateway.command_line.overview import documents, overview
from gateway.command_line.text import say, say_json


def add_arguments(_parser: ArgumentParser) -> None:
    """It takes none."""


def run(client: Client, options: Namespace) -> int:
    """They are listed, the oldest first; for scripts with their whole documents."""
    listed = documents(client)
    if options.json:
        say_json({"envs": listed})
    else:
        say("\n".join(columns.shown([overview(client, document) for document in listed], columns.AT_REST)))
    return 0
