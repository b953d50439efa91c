"""The values that cross the pipe.

SPEC.md gives every field its meaning. Values a client reads or wrote (observation, info, action, options)
are bytes in the client's own encoding: only a worker looks inside them.
"""

from typing import Literal

import msgspec

Format = Literal["json", "msgpack"]
"""How the bytes of an action or of options are to be read."""

Style = Literal["json", "json_base64", "msgpack", "v1"]
"""How observations and infos are to be written; `v1` is JSON as the clients of 2016 can read it."""

Picture = Literal["none", "latest", "numbered"]
"""What to draw after a reset or step: nothing, `latest.png` (at most ten a second), or the next `<n>.png`."""

Autoreset = Literal["disabled", "next_step", "same_step"]
"""When an episode's end begins the next, with the meaning that Gymnasium's vector environments give the names."""

PictureKind = Literal["png", "jpeg", "text"]

DescriptionForm = Literal["seed_info", "http_action_space", "http_observation_space"]

SpaceName = Literal["action_space", "observation_space"]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A frozen value; decoding one with a field that it does not have fails.

    None can be part of a cycle, so Python's collector of cycles need not look at them.
    """


class FieldError(Message, frozen=True):
    """What is wrong with one field of a body; `path` is a JSONPath such as `$.action[2]`."""

    path: str
    message: str


# Commands, from the gateway to a worker.


class Command(Message, frozen=True, tag_field="op"):
    """What a worker is told to do; the tag `op` is also the name in metrics and crash reports."""


class Wrapper(Message, frozen=True):
    """A wrapper of Gymnasium's around the environment; `kwargs` as in `Make`, in its format."""

    name: str
    kwargs: bytes = b""


class Make(Command, frozen=True, tag="make"):
    """Build the environment. Always the first command, and sent once.

    `imports` are the modules that the operator allows to register environments; `kwargs` is an object in the format
    `reads`, or empty for none; `first_seed` is that of the first reset, if that one has none of its own.
    """

    env_id: str
    imports: tuple[str, ...] = ()
    kwargs: bytes = b""
    reads: Format = "json"
    max_episode_steps: int | None = None
    autoreset: Autoreset = "disabled"
    wrappers: tuple[Wrapper, ...] = ()
    first_seed: int | None = None
    render_mode: str | None = None
    picks_render_mode: bool = False
    allows_past_ids: bool = False


class Reset(Command, frozen=True, tag="reset"):
    """Begin an episode; `options` is an object in the format `reads`, or empty for none."""

    writes: Style
    seed: int | None = None
    options: bytes = b""
    reads: Format = "json"
    picture: Picture = "none"


class Step(Command, frozen=True, tag="step"):
    """Take each action in turn, stopping after the one that ends the episode.

    `is_lenient` lets a step go beyond the end of an episode, as the servers of 2016 did.
    """

    actions: tuple[bytes, ...]
    reads: Format
    writes: Style
    picture: Picture = "none"
    is_lenient: bool = False


class Draw(Command, frozen=True, tag="draw"):
    """Draw the environment as it is now into the latest picture of that kind.

    With `also_png`, for those who look: besides a JPEG, whatever `latest.png` stands for.
    """

    kind: PictureKind
    also_png: bool = False


class Sample(Command, frozen=True, tag="sample"):
    """Draw `n` members of a space; `mask` is a value in the format `reads`, or empty for none."""

    space: SpaceName
    writes: Style
    n: int = 1
    seed: int | None = None
    mask: bytes = b""
    reads: Format = "json"


class Contains(Command, frozen=True, tag="contains"):
    """Tell whether the value, in the format `reads`, is a member of a space."""

    space: SpaceName
    value: bytes
    reads: Format


class Describe(Command, frozen=True, tag="describe"):
    """Write down the spaces in the named form of 2016."""

    form: DescriptionForm


class Compare(Command, frozen=True, tag="compare"):
    """Tell whether each member of the JSON object `body` is, and is the same, in the description of that form."""

    form: DescriptionForm
    body: bytes


class ListRegistry(Command, frozen=True, tag="list_registry"):
    """Write down what is registered: a list of objects. Needs no environment."""

    imports: tuple[str, ...] = ()


class Probe(Command, frozen=True, tag="probe"):
    """Make the environment and close it again; write down its render modes. Needs no environment, and leaves none."""

    env_id: str
    imports: tuple[str, ...] = ()


class StartMonitor(Command, frozen=True, tag="start_monitor"):
    """Record episodes from here on; `video_every` 0 is never, None is the capped cubic schedule."""

    force: bool = False
    resume: bool = False
    video_every: int | None = None


class CloseMonitor(Command, frozen=True, tag="close_monitor"):
    """Write the last of the recording; without one, nothing happens."""


class DescribeMonitor(Command, frozen=True, tag="describe_monitor"):
    """Write down whether episodes are recorded, and what went wrong with it: `{"is_recording", "problem"}`."""


class Close(Command, frozen=True, tag="close"):
    """Close the monitor and the environment, reply, and end the process."""


AnyCommand = (
    Make
    | Reset
    | Step
    | Draw
    | Sample
    | Contains
    | Describe
    | Compare
    | ListRegistry
    | Probe
    | StartMonitor
    | CloseMonitor
    | DescribeMonitor
    | Close
)


# Replies, from a worker to the gateway.


class Reply(Message, frozen=True, tag_field="is"):
    """The one answer to a command."""


class Drawn(Message, frozen=True):
    """What became of a picture: its name in `rendered/`, or why there is none."""

    name: str | None = None
    error: str | None = None


class Transition(Message, frozen=True):
    """One step; observation and info in the style that the command asked for.

    `is_reset` marks the one that began an episode instead, as the autoreset mode "next_step" has it.
    """

    observation: bytes
    reward: float
    terminated: bool
    truncated: bool
    info: bytes
    is_reset: bool = False


class Made(Reply, frozen=True, tag="made"):
    """The environment is there; both spaces as the JSON of protocol/spaces.py."""

    env_id: str
    action_space: bytes
    observation_space: bytes
    render_mode: str | None = None
    render_modes: tuple[str, ...] = ()
    render_fps: float | None = None
    reward_threshold: float | None = None


class Observed(Reply, frozen=True, tag="observed"):
    """The first observation of an episode."""

    observation: bytes
    info: bytes
    drawn: Drawn | None = None


class Stepped(Reply, frozen=True, tag="stepped"):
    """The transitions taken, at least one."""

    transitions: tuple[Transition, ...]
    drawn: Drawn | None = None


class Fragment(Reply, frozen=True, tag="fragment"):
    """A piece of JSON, ready to be sent."""

    body: bytes


class Drew(Reply, frozen=True, tag="drew"):
    """The picture is in `rendered/` under this name."""

    name: str


class Member(Reply, frozen=True, tag="member"):
    """Whether the value is a member of the space."""

    is_member: bool


class Done(Reply, frozen=True, tag="done"):
    """The command succeeded and has nothing to tell."""


class Failed(Reply, frozen=True, tag="failed"):
    """The command failed; `code` names a class of protocol/errors.py. The environment lives on."""

    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()


AnyReply = Made | Observed | Stepped | Fragment | Drew | Member | Done | Failed
