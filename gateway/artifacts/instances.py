"""What the artifact server asks of whoever runs the instances, and the facts it makes of the answer."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from gateway.artifacts.listing import Kept, Picture
from gateway.artifacts.paths import url_of
from gateway.crash import in_words
from gateway.statistics import Statistics
from protocol.facts import CrashReport

_MAX_TAIL = 4000


class Instances(Protocol):
    """The instances that run or have crashed; a closed one is not among them. Nothing here blocks."""

    def document(self, instance_id: str) -> dict[str, Any] | None:
        """The document of the instance as `/v2` tells it, or None where there is no such instance.

        A `picture_error` in it is the reason why its last picture could not be drawn.
        """

    def state(self, instance_id: str) -> str | None:
        """The state in the document, for those who ask often."""

    def statistics(self, instance_id: str) -> Statistics | None:
        """What the instance has done, or None where there is no such instance."""

    def watch(self, instance_id: str) -> None:
        """One viewer more: while there is one, `latest.jpg` and `latest.png` are drawn as the instance steps."""

    def unwatch(self, instance_id: str) -> None:
        """One viewer less."""


def summary(kept: Kept, document: Mapping[str, Any] | None) -> dict[str, Any]:
    """An instance in the list of all; `state` is None once it runs no more."""
    instance_id = kept.instance_id
    return {
        "instance_id": instance_id,
        "env_id": kept.facts.env_id,
        "created_at": kept.facts.created_at,
        "state": document and document["state"],
        "rendered": url_of(instance_id, "rendered") + "/",
        "simulation": url_of(instance_id, "simulation") + "/",
        "logs": url_of(instance_id, "logs") + "/",
        "render_html": f"/render.html?instance_id={instance_id}",
    }


def status(kept: Kept, document: Mapping[str, Any] | None, statistics: Statistics | None) -> dict[str, Any]:
    """What the live view says beside the picture; counters are None once the instance runs no more.

    `episode` is the one that runs or was the last to end, None before the first; `picture` and `text` are where
    the last drawing is: another address, another drawing.
    """
    live = document or {}
    crash = live.get("crash")
    return {
        "instance_id": kept.instance_id,
        "env_id": live.get("env_id", kept.facts.env_id),
        "created_at": live.get("created_at", kept.facts.created_at),
        "state": live.get("state"),
        "steps": live.get("steps"),
        "episodes": live.get("episodes"),
        "episode": statistics and statistics.episode(),
        "render_mode": live.get("render_mode"),
        "picture": kept.picture and _address(kept.instance_id, kept.picture),
        "text": kept.text and _address(kept.instance_id, kept.text),
        "picture_error": live.get("picture_error"),
        "crash": crash and _crash(msgspec.convert(crash, CrashReport)),
    }


def _address(instance_id: str, picture: Picture) -> str:
    """Its path, and a query by which a page sees that it is another one."""
    number, time_ns = picture.version
    return f"{url_of(instance_id, 'rendered', picture.name)}?{number:x}-{time_ns:x}"


def _crash(report: CrashReport) -> dict[str, Any]:
    return {
        "reason": f"The environment's process {in_words(report)}.",
        "cause": report.cause,
        "command": report.command,
        "at": report.at,
        "log_tail": report.log_tail[-_MAX_TAIL:],
    }
