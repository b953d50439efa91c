"""What `/v2` takes: the fields of each request's body, for REST and for sockets; also the source of its OpenAPI.

What belongs to an environment (`kwargs`, `options`, `action`, `value`, `mask`) stays the bytes that came.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from protocol.messages import Autoreset

_MAX_INTEGER = 2**63 - 1  # what the pipe to a worker carries
Count = Annotated[int, Meta(ge=1, le=1024)]
Seed = Annotated[int, Meta(ge=0, le=_MAX_INTEGER)]
AboveZero = Annotated[int, Meta(ge=1, le=_MAX_INTEGER)]
InstanceId = Annotated[str, Meta(max_length=64)]
MAX_KEY = 256
KeyText = Annotated[str, Meta(min_length=1, max_length=MAX_KEY)]
LimitName = Annotated[str, Meta(max_length=64)]
Label = Annotated[str, Meta(max_length=256)]


class Fields(Struct, frozen=True, forbid_unknown_fields=True):
    """A body; a field that it does not have is an error that names it."""


class WrapperFields(Fields, frozen=True):
    """One of Gymnasium's wrappers around the environment; the first is the innermost."""

    name: Annotated[str, Meta(max_length=256)]
    kwargs: Raw | UnsetType = UNSET


class CreateFields(Fields, frozen=True):
    """An environment to be made, and what its instance may do."""

    env_id: Annotated[str, Meta(max_length=256)]
    kwargs: Raw | UnsetType = UNSET
    render_mode: Annotated[str, Meta(max_length=64)] | None = None
    max_episode_steps: AboveZero | None = None
    autoreset: Autoreset = "disabled"
    wrappers: Annotated[tuple[WrapperFields, ...], Meta(max_length=16)] = ()
    on_crash: Literal["fail", "restart"] = "fail"
    labels: Annotated[dict[Label, Label], Meta(max_length=64)] = {}
    limits: Annotated[dict[LimitName, int | float], Meta(max_length=64)] = {}
    count: Count | None = None


class ResetFields(Fields, frozen=True):
    """The beginning of an episode."""

    seed: Seed | None = None
    options: Raw | UnsetType = UNSET
    render: bool = False


class StepFields(Fields, frozen=True):
    """One action, or several to be taken one after the other."""

    action: Raw | UnsetType = UNSET
    actions: Annotated[tuple[Raw, ...], Meta(min_length=1, max_length=10_000)] | UnsetType = UNSET
    render: bool = False


class SampleFields(Fields, frozen=True):
    """Members of a space to be drawn."""

    n: Annotated[int, Meta(ge=1, le=10_000)] = 1
    seed: Seed | None = None
    mask: Raw | UnsetType = UNSET


class ContainsFields(Fields, frozen=True):
    """A value that may be a member of a space."""

    value: Raw


class ManyStepFields(Fields, frozen=True):
    """One action for each of several instances."""

    instance_ids: Annotated[tuple[InstanceId, ...], Meta(min_length=1, max_length=1024)]
    actions: tuple[Raw, ...]


class ManyResetFields(Fields, frozen=True):
    """The beginning of an episode for each of several instances; one seed each, or none."""

    instance_ids: Annotated[tuple[InstanceId, ...], Meta(min_length=1, max_length=1024)]
    seeds: tuple[Seed | None, ...] | None = None
    options: Raw | UnsetType = UNSET


class ScheduleFields(Fields, frozen=True):
    """Which episodes are filmed: every n-th."""

    every_episodes: AboveZero


class StartMonitorFields(Fields, frozen=True):
    """How episodes are recorded; `video` says which of them are filmed."""

    force: bool = False
    resume: bool = False
    video: Literal["capped_cubic", "never"] | ScheduleFields = "capped_cubic"


class ForkFields(Fields, frozen=True):
    """How many snapshots of an instance."""

    count: Count = 1


class UploadFields(Fields, frozen=True):
    """Whose upload it is, and what there is to read about it."""

    algorithm_id: str | None = None
    writeup: str | None = None
    api_key: str | None = None
    ignore_open_monitors: bool = False


class NoFields(Fields, frozen=True):
    """Nothing."""
