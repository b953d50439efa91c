"""What the commands know of an instance: the part of its document that a table shows."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from gateway.command_line.client import Client, CommandFailed

_WHOLE_ID = re.compile("[0-9a-f]{8}")


class Overview(msgspec.Struct, frozen=True):
    """One instance; names, units and meanings are those of its document, and None is what nobody knows."""

    instance_id: str
    env_id: str
    state: str
    created_at: datetime
    pid: int | None = None
    on_crash: str = "fail"
    idle_s: float | None = None
    steps_per_s: float | None = None
    step_p99_s: float | None = None
    queue: int | None = None
    rss_bytes: int | None = None
    cpu_s: float | None = None
    cpu_percent: float | None = None
    labels: Mapping[str, str] = {}

    @property
    def age_s(self) -> float:
        """Seconds since it was created, by the clocks of both machines."""
        return max(0.0, (datetime.now(UTC) - self.created_at).total_seconds())


def documents(client: Client) -> list[Any]:
    """The documents of all instances, the oldest first."""
    answer = client.get("/v2/envs")
    if not isinstance(answer, dict) or not isinstance(answer.get("envs"), list):
        raise CommandFailed(f"{client.url} does not answer as a gym-server does: it lists no instances")
    return list(answer["envs"])


def overviews(client: Client) -> list[Overview]:
    """All instances, the oldest first."""
    return [overview(client, document) for document in documents(client)]


def overview(client: Client, document: Any) -> Overview:
    """The document in short.

    Raises:
        CommandFailed: it is none.
    """
    try:
        return msgspec.convert(document, Overview)
    except msgspec.ValidationError as error:
        raise CommandFailed(f"{client.url} does not answer as a gym-server does: {error}") from None


def path_of(instance_id: str) -> str:
    """Where the API has the instance."""
    return f"/v2/envs/{quote(instance_id, safe='')}"


def whole_ids(client: Client, beginnings: Sequence[str]) -> list[str]:
    """The ids that begin so, each once; a whole one is taken as it is, and may be of an instance that is closed.

    Raises:
        CommandFailed: for one of them none does, or several do.
    """
    known = [] if all(map(_WHOLE_ID.fullmatch, beginnings)) else [each.instance_id for each in overviews(client)]
    return list(dict.fromkeys(_whole_id(beginning, known) for beginning in beginnings))


def _whole_id(beginning: str, known: Sequence[str]) -> str:
    if _WHOLE_ID.fullmatch(beginning):
        return beginning
    # An empty one, as from a variable of a shell that is not set, shall not mean the only instance that there is.
    found = [instance_id for instance_id in known if beginning and instance_id.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandFailed(f"{beginning} is the beginning of several ids: {', '.join(found)}")
    raise CommandFailed(f"no instance has an id that begins with {beginning!r}")
