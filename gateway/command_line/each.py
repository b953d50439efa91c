"""What is done to several instances, one after the other."""

from collections.abc import Callable, Sequence

from gateway.command_line.client import Client, Refused
from gateway.command_line.overview import whole_ids
from gateway.command_line.text import complain


def for_each(client: Client, beginnings: Sequence[str], act: Callable[[str], None]) -> int:
    """It is done to all whose ids begin so, and 1 is returned where the server refused it for some.

    Raises:
        CommandFailed: one is not known, and nothing is done to any; or the server cannot be reached.
    """
    code = 0
    for instance_id in whole_ids(client, beginnings):
        try:
            act(instance_id)
        except Refused as refused:
            complain(str(refused))
            code = 1
    return code
