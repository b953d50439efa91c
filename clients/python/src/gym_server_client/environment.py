"""An environment on the server as a `gymnasium.Env`."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import EzPickle
from PIL import Image

from gym_server_client import spaces
from gym_server_client.address import Address
from gym_server_client.connection import connect
from gym_server_client.transport import DEFAULT_PATIENCE, Patience, Transport, TransportName, call, close_instances
from gym_server_client.values import decode, read_info

MODES = ("rgb_array", "ansi")
FPS = 30
"""Pictures a second, where the environment does not say."""


class RemoteEnv(gymnasium.Env[Any, Any], EzPickle):
    """The environment `env_id` of the server at `url`, in a process of its own there.

    `kwargs` are those of `gymnasium.make` for the environment itself; `wrappers` are `{"name", "kwargs"}`, the first
    the innermost. With `on_crash` "restart" the call during which the environment crashes raises `WorkerCrashed` or
    `DeadlineExceeded`, and the next `reset` finds a new one; with "fail" it raises `InstanceGone` from then on.
    A pickled or copied one is a new environment made in the same way.

    Every method raises what `gym_server_client.errors` lists.
    """

    metadata = {"render_modes": [*MODES], "render_fps": FPS}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        url: str,
        env_id: str,
        *,
        kwargs: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        wrappers: Sequence[Mapping[str, Any]] = (),
        on_crash: str = "restart",
        labels: Mapping[str, str] | None = None,
        limits: Mapping[str, float] | None = None,
        transport: TransportName = "websocket-msgpack",
        patience: Patience = DEFAULT_PATIENCE,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        EzPickle.__init__(
            self,
            url,
            env_id,
            kwargs=kwargs,
            render_mode=render_mode,
            max_episode_steps=max_episode_steps,
            wrappers=wrappers,
            on_crash=on_crash,
            labels=labels,
            limits=limits,
            transport=transport,
            patience=patience,
            token=token,
            ca_file=ca_file,
        )
        self.render_mode = render_mode
        self.instance_id = ""
        self._transport: Transport | None = connect(Address(url, token, ca_file), transport, patience)
        try:
            document = call(
                self._transport,
                "create",
                **creation(env_id, kwargs, render_mode, max_episode_steps, wrappers, on_crash, labels, limits),
            )
            self.instance_id = str(document["instance_id"])
            self.metadata = metadata(document)
            self.observation_space = spaces.build(document["spaces"]["observation_space"])
            self.action_space = spaces.build(document["spaces"]["action_space"])
        except BaseException:
            self.close()
            raise

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The first observation and info of a new episode."""
        super().reset(seed=seed)
        body = self._call("reset", seed=seed, options=options)
        return self._observed(body)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """What the action came to; it is taken once, also where the connection breaks meanwhile."""
        body = self._call("step", action=action)
        observation, info = self._observed(body)
        return observation, float(body["reward"]), body["terminated"], body["truncated"], info

    def render(self) -> Any:
        """The picture of now, uint8 of shape (height, width, 3); a string in the mode "ansi"; else None."""
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render_mode; there is nothing to show")
            return None
        return picture(self._call("render", kind=picture_kind(self.render_mode))["data"])

    def close(self) -> None:
        """The environment and its process have ended. Closing twice is no error."""
        transport, self._transport = self._transport, None
        if transport:
            close_instances(transport, [self.instance_id] if self.instance_id else [])

    def _call(self, op: str, **fields: Any) -> Any:
        if self._transport is None:
            raise gymnasium.error.ClosedEnvironmentError(f"{op} was called after close")
        return call(self._transport, op, instance_id=self.instance_id, **fields)

    def _observed(self, body: Any) -> tuple[Any, dict[str, Any]]:
        assert self._transport  # noqa: S101 - narrows: it has just answered
        return decode(self.observation_space, body["observation"]), read_info(body["info"], self._transport.encoding)


def creation(
    env_id: str,
    kwargs: Mapping[str, Any] | None,
    render_mode: str | None,
    max_episode_steps: int | None,
    wrappers: Sequence[Mapping[str, Any]],
    on_crash: str,
    labels: Mapping[str, str] | None,
    limits: Mapping[str, float] | None,
) -> dict[str, Any]:
    """The fields of a creation; what was not asked for is left to the server."""
    return {
        "env_id": env_id,
        "kwargs": dict(kwargs or {}),
        "render_mode": render_mode,
        "max_episode_steps": max_episode_steps,
        "wrappers": [dict(wrapper) for wrapper in wrappers],
        "on_crash": on_crash,
        "labels": dict(labels or {}),
        "limits": dict(limits or {}),
    }


def metadata(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a `gymnasium.Env` tells of its pictures; of the environment's modes, those that can be had from afar."""
    modes = [mode for mode in MODES if mode in document["render_modes"]]
    fps = float(document["render_fps"])
    return {"render_modes": modes, "render_fps": int(fps) if fps.is_integer() else fps}


def picture_kind(render_mode: str) -> str:
    """What to ask for: pictures without loss, or text."""
    return "text" if render_mode == "ansi" else "png"


def picture(data: bytes) -> Any:
    """The pixels of a PNG, or the text."""
    if not data.startswith(b"\x89PNG"):
        return data.decode()
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)
