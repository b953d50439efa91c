"""Environments on the server as a `gymnasium.vector.VectorEnv`: one message for a step of all of them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate
from numpy.typing import NDArray
from tqdm import tqdm

from gym_server_client import spaces
from gym_server_client.address import Address
from gym_server_client.connection import connect
from gym_server_client.environment import FPS, MODES, creation, metadata, picture, picture_kind
from gym_server_client.lanes import Lanes, Outcomes
from gym_server_client.transport import DEFAULT_PATIENCE, Call, Patience, TransportName, close_instances, succeeded

_MODES = {
    AutoresetMode.DISABLED: "disabled",
    AutoresetMode.NEXT_STEP: "next_step",
    AutoresetMode.SAME_STEP: "same_step",
}
_MADE_AT_ONCE = 16
_PATIENT_S = 1.0
"""How long nobody needs to be told that it goes on."""
Stepped = tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class RemoteVectorEnv(VectorEnv[Any, Any, NDArray[Any]]):
    """`num_envs` environments `env_id` of the server at `url`, each in a process of its own there.

    Observations, rewards, flags and infos are those of `gymnasium.vector.SyncVectorEnv`. `kwargs` are those of the
    environment, or a list with one mapping for each lane. An environment that crashes comes back as a lane that is
    truncated, with its last observation, a reward of 0.0, and the server's problem in `info["fault"]`, while the others
    go on; it is reset where the autoreset mode resets a lane that has ended (in the mode "disabled", by its user).

    Every method raises what `gym_server_client.errors` lists.
    """

    metadata = {"render_modes": [*MODES], "render_fps": FPS}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        url: str,
        env_id: str,
        num_envs: int = 1,
        *,
        kwargs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        wrappers: Sequence[Mapping[str, Any]] = (),
        labels: Mapping[str, str] | None = None,
        limits: Mapping[str, float] | None = None,
        transport: TransportName = "websocket-msgpack",
        patience: Patience = DEFAULT_PATIENCE,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        of_lanes = _of_lanes(kwargs, num_envs)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.instance_ids: tuple[str, ...] = ()
        self._transport = connect(Address(url, token, ca_file), transport, patience)
        try:
            documents = self._create(
                [
                    creation(env_id, own, render_mode, max_episode_steps, wrappers, "restart", labels, limits)
                    | {"autoreset": _MODES[self.autoreset_mode]}
                    for own in of_lanes
                ]
            )
            self.metadata = metadata(documents[0]) | {"autoreset_mode": self.autoreset_mode}
            self._set_spaces([document["spaces"] for document in documents])
        except BaseException:
            close_instances(self._transport, self.instance_ids)
            raise
        self._lanes = Lanes(self._transport, self.instance_ids, self.single_observation_space)
        self._observations: Any = create_empty_array(self.single_observation_space, num_envs, np.zeros)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """The first observations and infos of all lanes, or of those in `options["reset_mask"]`.

        An int as seed gives `[seed, seed + 1, …]`.
        """
        self._check_is_open()
        seeds = _seeds(seed, self.num_envs)
        mask = _mask((options or {}).get("reset_mask"), self.num_envs)
        own = options and {name: value for name, value in options.items() if name != "reset_mask"}
        chosen = [int(lane) for lane in np.flatnonzero(mask)]
        began = self._lanes.reset(chosen, seeds, own)
        infos: dict[str, Any] = {}
        for lane, info in began.items():
            infos = self._add_info(infos, info, lane)
        return self._batch(), infos

    def step(self, actions: Any) -> Stepped:
        """One step of every lane, all at the same time."""
        self._check_is_open()
        lanes = self._lanes
        if lanes.ended and self.autoreset_mode is AutoresetMode.DISABLED:
            raise gymnasium.error.ResetNeeded(
                f"lanes {sorted(lanes.ended)} have ended; reset them with options['reset_mask']"
            )
        outcomes = lanes.step(self._of_each(actions))
        if lanes.crashed and self.autoreset_mode is AutoresetMode.SAME_STEP:
            self._reset_crashed(outcomes)
        infos: dict[str, Any] = {}
        for lane, info in enumerate(outcomes.infos):
            if lane in outcomes.finals:
                infos = self._add_info(infos, outcomes.finals[lane], lane)
            if info:
                infos = self._add_info(infos, info, lane)
        return (
            self._batch(),
            np.array(outcomes.rewards, np.float64),
            np.array(outcomes.terminated, np.bool_),
            np.array(outcomes.truncated, np.bool_),
            infos,
        )

    def render(self) -> tuple[Any, ...] | None:
        """The picture of each lane."""
        self._check_is_open()
        if self.render_mode is None:
            return None
        kind = picture_kind(self.render_mode)
        return tuple(picture(body["data"]) for body in self._lanes.ask_each("render", kind=kind))

    def close_extras(self, **_kwargs: Any) -> None:
        """All environments and their processes have ended."""
        close_instances(self._transport, self.instance_ids)

    def _create(self, creations: list[dict[str, Any]]) -> list[Any]:
        """The document of each lane. What was made is in `instance_ids`, also where not all could be."""
        documents: list[Any] = []
        with tqdm(total=len(creations), desc="environments", disable=None, delay=_PATIENT_S, leave=False) as progress:
            for start in range(0, len(creations), _MADE_AT_ONCE):
                made = self._create_at_once(creations[start : start + _MADE_AT_ONCE])
                documents += made
                progress.update(len(made))
        return documents

    def _create_at_once(self, creations: list[dict[str, Any]]) -> list[Any]:
        if all(fields == creations[0] for fields in creations):
            (made,) = succeeded(self._transport.call_all([Call("create", creations[0] | {"count": len(creations)})]))
            outcomes = list(made["instances"])
        else:
            outcomes = self._transport.call_all([Call("create", fields) for fields in creations])
        self.instance_ids += tuple(str(made["instance_id"]) for made in outcomes if isinstance(made, dict))
        return succeeded(outcomes)

    def _set_spaces(self, descriptions: list[Any]) -> None:
        if any(description != descriptions[0] for description in descriptions):
            raise ValueError("the lanes have different spaces, which one vector environment cannot have")
        self.single_observation_space = spaces.build(descriptions[0]["observation_space"])
        self.single_action_space = spaces.build(descriptions[0]["action_space"])
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def _of_each(self, actions: Any) -> list[Any]:
        """The action of each lane; plain numbers where they are numbers, which are the quickest to write."""
        if isinstance(actions, np.ndarray) and isinstance(self.single_action_space, gymnasium.spaces.Discrete):
            return list(actions.tolist())
        return list(iterate(self.action_space, actions))

    def _reset_crashed(self, outcomes: Outcomes) -> None:
        """The lanes that crashed have begun another episode within this step."""
        crashed = sorted(self._lanes.crashed)
        for lane in crashed:
            final = {"final_obs": self._lanes.observations[lane], "final_info": outcomes.infos[lane]}
            outcomes.finals[lane] = final
        for lane, info in self._lanes.reset(crashed, [None] * self.num_envs, None).items():
            outcomes.infos[lane] = info | outcomes.infos[lane]

    def _batch(self) -> Any:
        observations = self._lanes.observations
        if isinstance(observations, np.ndarray):
            return observations.copy()
        self._observations = concatenate(self.single_observation_space, observations, self._observations)
        return deepcopy(self._observations)

    def _check_is_open(self) -> None:
        if self.closed:
            raise gymnasium.error.ClosedEnvironmentError("the vector environment is closed")


def _of_lanes(
    kwargs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None, num_envs: int
) -> list[Mapping[str, Any] | None]:
    if num_envs < 1:
        raise ValueError(f"num_envs must be at least 1, not {num_envs}")
    if kwargs is None or isinstance(kwargs, Mapping):
        return [kwargs] * num_envs
    if len(kwargs) != num_envs:
        raise ValueError(f"kwargs must be one mapping for each of {num_envs} lanes, not {len(kwargs)}")
    return list(kwargs)


def _seeds(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, int | np.integer):
        return [int(seed) + index for index in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"seed must be one for each of {num_envs} lanes, not {len(seed)}")
    return [None if one is None else int(one) for one in seed]


def _mask(mask: Any, num_envs: int) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(num_envs, np.bool_)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError("options['reset_mask'] must be an array of booleans")
    if mask.shape != (num_envs,) or not mask.any():
        raise ValueError(f"options['reset_mask'] must have {num_envs} elements, at least one of them true")
    return mask
