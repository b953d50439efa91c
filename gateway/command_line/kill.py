"""`gym-server kill`: an environment's process and all that it started are dead, whatever they do."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.command_line.client import Client, CommandFailed
from gateway.command_line.each import for_each
from gateway.command_line.overview import path_of
from gateway.command_line.text import say, say_json
from gateway.crash import in_words
from protocol.facts import CrashReport

_LINES = 10


def add_arguments(parser: ArgumentParser) -> None:
    """Which."""
    parser.add_argument("ids", nargs="+", metavar="id", help="instance, or the beginning of its id")


def run(client: Client, options: Namespace) -> int:
    """They are dead, and their crash reports are told; of one that had crashed before, how it did."""

    def kill(instance_id: str) -> None:
        report = client.post(f"{path_of(instance_id)}/kill")
        if options.json:
            say_json({"instance_id": instance_id} | report)
        else:
            say(_story(instance_id, _report(client, report)))

    return for_each(client, options.ids, kill)


def _report(client: Client, answer: dict[str, Any]) -> CrashReport:
    known = {name: value for name, value in answer.items() if name in CrashReport.__struct_fields__}
    try:
        return msgspec.convert(known, CrashReport)
    except msgspec.ValidationError as error:
        raise CommandFailed(f"{client.url} does not answer as a gym-server does: {error}") from None


def _story(instance_id: str, report: CrashReport) -> str:
    """One line that tells what happened, then what it left behind."""
    when = "while it did nothing" if report.command is None else f"{report.elapsed_s:.1f} s into its {report.command}"
    steps = "1 step" if report.steps == 1 else f"{report.steps} steps"
    parts = [f"{instance_id}: its process {in_words(report)}, {when}, after {steps}"]
    parts += _quoted("the last that it printed", report.log_tail.splitlines()[-_LINES:])
    parts += _quoted("where it was", report.traceback.splitlines()[:_LINES])  # begins with the innermost call
    return "\n".join(parts)


def _quoted(title: str, lines: Sequence[str]) -> list[str]:
    return [f"  {title}:", *(f"    {line}" for line in lines)] if lines else []
