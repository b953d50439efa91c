"""What `/v1` takes: the fields of each request's body. Those that are not here are ignored, as the ancestors did."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

Flag = bool | Literal["true", "false"] | None
"""Clients in Lua send booleans as strings."""

Text = str | None

_MAX_INTEGER = 2**63 - 1  # what the pipe to a worker carries
Seed = Annotated[int, Meta(ge=0, le=_MAX_INTEGER)] | None
Every = Annotated[int, Meta(le=_MAX_INTEGER)] | Flag

Directory = Annotated[str, Meta(max_length=4096)] | None
"""A path on a server of 2016, as long as Linux lets one be; here a mere name, which is remembered."""

Nothing = Annotated[dict[str, object], Meta(max_length=0)]
"""R writes its NULL so where it is the value of a member."""

_EMPTY = frozenset({b"null", b'""', b"[]"})


class CreateFields(msgspec.Struct):
    """The seed's create."""

    environment: Text = None
    render_mode: Text = None


class HttpCreateFields(msgspec.Struct):
    """The create of gym-http-api."""

    env_id: Text = None
    seed: Seed = None
    render_mode: Text = None


class ResetFields(msgspec.Struct):
    """Of both."""

    render: Flag = False


class StepFields(msgspec.Struct):
    """Of both."""

    action: Raw | UnsetType = UNSET
    render: Flag = False


class StartMonitorFields(msgspec.Struct):
    """Of both; `directory` and `video_callable` are gym-http-api's."""

    directory: Directory = None
    force: Flag = False
    resume: Flag = False
    video_callable: Every = None


class UploadFields(msgspec.Struct):
    """Of both; `training_dir` is gym-http-api's."""

    training_dir: Directory = None
    algorithm_id: Text | Nothing = None
    writeup: Text = None
    api_key: Text = None
    ignore_open_monitors: Flag = False


def is_true(flag: Flag) -> bool:
    """Whether it is set, as a boolean or as a word."""
    return flag is True or flag == "true"


def has_action(fields: StepFields) -> bool:
    """Whether there is one: 0 is, null and the empty ones are not."""
    return not isinstance(fields.action, UnsetType) and bytes(fields.action) not in _EMPTY


def video_every(schedule: Every) -> int | None:
    """Of how many episodes one is filmed, as `StartMonitor` has it: none for false, all for true, else every n-th."""
    if schedule is None:
        return None
    if isinstance(schedule, bool | str):
        return int(is_true(schedule))
    return max(schedule, 0)
