"""One environment and what hangs off it: a short method for each command. Knows no pipes and no processes."""

from pathlib import Path
from typing import Any

import gymnasium

from protocol.actions import read_member
from protocol.errors import BadRequest, InvalidAction, InvalidField, ResetNeeded
from protocol.messages import (
    Describe,
    Drawn,
    FieldError,
    Fragment,
    Made,
    Make,
    Observed,
    Picture,
    Reset,
    StartMonitor,
    Step,
    Stepped,
    Transition,
)
from protocol.spaces import describe_json
from protocol.values import read, write
from worker.build import build
from worker.monitor import Monitor
from worker.render import Renderer
from worker.seed_info import seed_info


class Session:
    """The environment of one worker; `folder` is the instance's own, with `rendered/` and `simulation/` in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._env: gymnasium.Env[Any, Any]
        self._renderer: Renderer
        self._monitor: Monitor | None = None
        self._has_reset = False
        self._is_running = False

    def make(self, command: Make) -> Made:
        """The environment is built; the first command, once.

        Raises:
            UnknownEnvironment, InvalidField: as `build` does.
        """
        self._env = env = build(command)
        self._renderer = Renderer(env, self._folder / "rendered")
        spec = env.spec
        return Made(
            env_id=spec.id if spec else command.env_id,
            action_space=describe_json(env.action_space),
            observation_space=describe_json(env.observation_space),
            render_mode=env.render_mode,
            reward_threshold=spec.reward_threshold if spec else None,
        )

    def reset(self, command: Reset) -> Observed:
        """An episode has begun.

        Raises:
            InvalidField: `options` is no object.
        """
        options = self._read_options(command)
        observation, info = self._env.reset(seed=command.seed, options=options)
        self._has_reset = self._is_running = True
        if self._monitor:
            self._monitor.after_reset(command.seed)
        return Observed(
            observation=write(observation, command.writes),
            info=write(info, command.writes),
            drawn=self._draw(command.picture),
        )

    def step(self, command: Step) -> Stepped:
        """Each action is taken in turn, up to the one that ends the episode.

        Raises:
            InvalidAction: one of them is not in the action space; then none is taken.
            ResetNeeded: no episode is running.
        """
        actions = [self._read_action(raw, command) for raw in command.actions]
        if not self._may_step(command):
            raise ResetNeeded(
                "call reset first: " + ("the episode has ended" if self._has_reset else "no episode has begun")
            )
        transitions = []
        for action in actions:
            transitions.append(self._take(action, command))
            if not self._is_running:
                break
        return Stepped(tuple(transitions), drawn=self._draw(command.picture))

    def describe(self, command: Describe) -> Fragment:
        """The spaces in the form that the command names."""
        match command.form:
            case "seed_info":
                return Fragment(seed_info(self._env))

    def start_monitor(self, command: StartMonitor) -> None:
        """Episodes are recorded into `simulation/` from here on.

        Raises:
            InvalidField: it is recording already, or older files are there and neither `force` nor `resume` is set.
        """
        if self._monitor:
            raise InvalidField("the monitor is already recording; close it first")
        self._monitor = Monitor(
            self._folder / "simulation",
            self._env,
            force=command.force,
            resume=command.resume,
            video_every=command.video_every,
        )

    def close_monitor(self) -> None:
        """The recording is whole on disk; without one, nothing happens."""
        monitor, self._monitor = self._monitor, None
        if monitor:
            monitor.close()

    def close(self) -> None:
        """Monitor and environment are closed."""
        self.close_monitor()
        if hasattr(self, "_env"):
            self._env.close()

    def _may_step(self, command: Step) -> bool:
        return self._is_running or (command.is_lenient and self._has_reset and self._monitor is None)

    def _take(self, action: Any, command: Step) -> Transition:
        observation, reward, terminated, truncated, info = self._env.step(action)
        self._is_running = not (terminated or truncated)
        if self._monitor:
            self._monitor.after_step(float(reward), ended=not self._is_running)
        return Transition(
            observation=write(observation, command.writes),
            reward=float(reward),
            terminated=bool(terminated),
            truncated=bool(truncated),
            info=write(info, command.writes),
        )

    def _read_action(self, raw: bytes, command: Step) -> Any:
        space = self._env.action_space
        value = read(raw, command.reads)
        # Clients whose language has no one-element lists send the bare number (MATLAB); 2016's server took both.
        if command.is_lenient and isinstance(value, int | float) and space.shape == (1,):
            value = [value]
        try:
            return read_member(space, value, "$.action")
        except BadRequest as error:
            raise InvalidAction.at("$.action", error.detail) from error

    def _read_options(self, command: Reset) -> dict[str, Any] | None:
        if not command.options:
            return None
        options = read(command.options, command.reads)
        if options is not None and not isinstance(options, dict):
            message = f"must be an object, not {type(options).__name__}"
            raise InvalidField(f"$.options {message}", errors=(FieldError("$.options", message),))
        return options

    def _draw(self, picture: Picture) -> Drawn | None:
        if picture == "none":
            return None
        return self._renderer.draw_latest() if picture == "latest" else self._renderer.draw_numbered()
