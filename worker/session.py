"""One environment and what hangs off it: a short method for each command. Knows no pipes and no processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import orjson
from gymnasium import spaces

from protocol.actions import member_reader
from protocol.errors import BadRequest, InternalError, InvalidAction, InvalidField
from protocol.messages import (
    Compare,
    Contains,
    Describe,
    Draw,
    Drawn,
    Drew,
    Format,
    Fragment,
    ListRegistry,
    Made,
    Make,
    Member,
    Observed,
    Picture,
    Probe,
    Reset,
    Sample,
    SpaceName,
    StartMonitor,
    Step,
    Stepped,
    Style,
    Transition,
)
from protocol.spaces import describe_json
from protocol.values import read, write, write_info
from worker.build import build, read_object
from worker.episodes import Episodes
from worker.files import DISK_TROUBLE, reason
from worker.http_space import http_space
from worker.members import contains, sample
from worker.monitor import Monitor
from worker.registry import probe, registered
from worker.render import Renderer
from worker.seed_info import seed_info
from worker.video import as_rate


class Session:
    """The environment of one worker; `folder` is the instance's own, with `rendered/` and `simulation/` in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._env: gymnasium.Env[Any, Any]
        self._renderer: Renderer
        self._episodes: Episodes
        self._closed_monitor: Monitor | None = None

    def make(self, command: Make) -> Made:
        """The environment is built; the first command, once.

        Raises:
            UnknownEnvironment, InvalidField: as `build` does.
        """
        self._env = env = build(command)
        self._renderer = Renderer(env, self._folder / "rendered")
        self._episodes = Episodes(env, command.autoreset, command.first_seed)
        spec = env.spec
        return Made(
            env_id=spec.id if spec else command.env_id,
            action_space=describe_json(env.action_space),
            observation_space=describe_json(env.observation_space),
            render_mode=env.render_mode,
            render_modes=tuple(env.metadata.get("render_modes", ())),
            render_fps=float(as_rate(env.metadata.get("render_fps"))),
            reward_threshold=spec.reward_threshold if spec else None,
        )

    def reset(self, command: Reset) -> Observed:
        """An episode has begun.

        Raises:
            InvalidField: `options` is no object.
        """
        options = read_object(command.options, command.reads, "$.options")
        observation, info = self._episodes.begin(command.seed, options)
        return Observed(
            observation=write(observation, command.writes),
            info=write_info(info, command.writes),
            drawn=self._draw(command.picture),
        )

    def step(self, command: Step) -> Stepped:
        """Each action is taken in turn, up to the one that ends the episode.

        Raises:
            InvalidAction: one of them is not in the action space; then none is taken.
            ResetNeeded: no episode is running.
        """
        actions = self._read_actions(command)
        self._episodes.check_may_step(is_lenient=command.is_lenient)
        transitions = []
        for action in actions:
            transitions.append(self._take(action, command.writes))
            if not self._episodes.goes_on:
                break
        return Stepped(tuple(transitions), drawn=self._draw(command.picture))

    def draw(self, command: Draw) -> Drew:
        """The picture of now is in `rendered/`.

        Raises:
            Unsupported: the environment draws nothing of that kind.
            InternalError: it cannot be written; the text says why.
        """
        try:
            return Drew(self._renderer.draw_kind(command.kind, also_png=command.also_png))
        except OSError as error:
            if error.errno not in DISK_TROUBLE:
                raise
            raise InternalError(f"the picture cannot be written: {reason(error)}") from error

    def sample(self, command: Sample) -> Fragment:
        """Members of a space, as a list."""
        return Fragment(write(sample(self._space(command.space), command), command.writes))

    def contains(self, command: Contains) -> Member:
        """Whether a value is a member of a space."""
        return Member(contains(self._space(command.space), command))

    def describe(self, command: Describe) -> Fragment:
        """The spaces in the form that the command names."""
        match command.form:
            case "seed_info":
                return Fragment(seed_info(self._env))
            case "http_action_space":
                return Fragment(write(http_space(self._env.action_space), "v1"))
            case "http_observation_space":
                return Fragment(write(http_space(self._env.observation_space), "v1"))

    def list_registry(self, command: ListRegistry) -> Fragment:
        """What is registered here, as a list."""
        return Fragment(orjson.dumps(registered(command.imports)))

    def probe(self, command: Probe) -> Fragment:
        """The render modes of an environment that can be made here.

        Raises:
            UnknownEnvironment: it cannot, or is unknown; the text says why.
        """
        return Fragment(orjson.dumps(probe(command)))

    def compare(self, command: Compare) -> Member:
        """Whether the client's idea of a space agrees with its description, member by member.

        Raises:
            InvalidField: the body is no object.
        """
        description = read(self.describe(Describe(command.form)).body, "json")
        body = read_object(command.body, "json", "$") or {}
        return Member(all(name in description and description[name] == value for name, value in body.items()))

    def start_monitor(self, command: StartMonitor) -> None:
        """Episodes are recorded into `simulation/` from here on.

        Raises:
            InvalidField: it is recording already, or older files are there and neither `force` nor `resume` is set.
        """
        if self._episodes.monitor:
            raise InvalidField("the monitor is already recording; close it first")
        self._episodes.monitor = Monitor(
            self._folder / "simulation",
            self._env,
            force=command.force,
            resume=command.resume,
            video_every=command.video_every,
        )

    def close_monitor(self) -> None:
        """The recording is whole on disk; without one, nothing happens. If it could not be written, try again."""
        monitor = self._closed_monitor = self._episodes.monitor or self._closed_monitor
        self._episodes.monitor = None
        if monitor:
            monitor.close()

    def describe_monitor(self) -> Fragment:
        """Whether episodes are recorded, and what is wrong with that recording or the last one, if anything."""
        monitor = self._episodes.monitor
        described = monitor or self._closed_monitor
        return Fragment(orjson.dumps({"is_recording": monitor is not None, "problem": described and described.problem}))

    def close(self) -> None:
        """Monitor and environment are closed."""
        if hasattr(self, "_env"):
            self.close_monitor()
            self._env.close()

    def _take(self, action: Any, style: Style) -> Transition:
        taken = self._episodes.take(action)
        observation, info = write(taken.observation, style), write_info(taken.info, style)
        return Transition(observation, taken.reward, taken.terminated, taken.truncated, info, taken.is_reset)

    def _space(self, name: SpaceName) -> spaces.Space[Any]:
        return self._env.action_space if name == "action_space" else self._env.observation_space

    def _read_actions(self, command: Step) -> list[Any]:
        space = self._env.action_space
        is_bare = command.is_lenient and space.shape == (1,)
        read_one, actions = member_reader(space), []
        for index, raw in enumerate(command.actions):
            try:
                actions.append(_read_action(read_one, raw, command.reads, "$.action", is_bare=is_bare))
            except InvalidAction:
                if len(command.actions) > 1:
                    _read_action(read_one, raw, command.reads, f"$.actions[{index}]", is_bare=is_bare)
                raise
        return actions

    def _draw(self, picture: Picture) -> Drawn | None:
        if picture == "none":
            return None
        return self._renderer.draw_latest() if picture == "latest" else self._renderer.draw_numbered()


def _read_action(
    read_one: Callable[[Any, str], Any], raw: bytes, reads: Format, path: str, *, is_bare: bool = False
) -> Any:
    value = read(raw, reads)
    # Clients whose language has no one-element lists send the bare number (MATLAB); 2016's server took both.
    if is_bare and isinstance(value, int | float):
        value = [value]
    try:
        return read_one(value, path)
    except BadRequest as error:
        raise InvalidAction.at(path, error.detail) from error
