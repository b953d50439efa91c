"""What `/v1` takes: the fields of each request's body. Those that are not here are ignored, as the ancestors did."""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

Flag = bool | Literal["true", "false"] | None
"""Clients in Lua send booleans as strings."""

Text = str | None

_EMPTY = frozenset({b"null", b'""', b"[]"})


class CreateFields(msgspec.Struct):
    """The seed's create."""

    environment: Text = None
    render_mode: Text = None


class HttpCreateFields(msgspec.Struct):
    """The create of gym-http-api."""

    env_id: Text = None
    seed: int | None = None
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

    directory: Text = None
    force: Flag = False
    resume: Flag = False
    video_callable: int | Flag = None


class UploadFields(msgspec.Struct):
    """Of both; `training_dir` is gym-http-api's."""

    training_dir: Text = None
    algorithm_id: Text = None
    writeup: Text = None
    api_key: Text = None
    ignore_open_monitors: Flag = False


class NoFields(msgspec.Struct):
    """Nothing that matters."""


def is_true(flag: Flag) -> bool:
    """Whether it is set, as a boolean or as a word."""
    return flag is True or flag == "true"


def has_action(fields: StepFields) -> bool:
    """Whether there is one: 0 is, null and the empty ones are not."""
    return not isinstance(fields.action, UnsetType) and bytes(fields.action) not in _EMPTY


def video_every(schedule: int | Flag) -> int | None:
    """Of how many episodes one is filmed, as `StartMonitor` has it: none for false, all for true, else every n-th."""
    if schedule is None:
        return None
    if isinstance(schedule, bool | str):
        return int(is_true(schedule))
    return max(schedule, 0)
