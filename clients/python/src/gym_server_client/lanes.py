"""The environments of one vector environment: who is stepped, who is reset, who has crashed. Knows no batches."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gym_server_client.errors import error_of, is_crash
from gym_server_client.transport import Call, Transport, succeeded
from gym_server_client.values import decode, read_info


class Outcomes(NamedTuple):
    """What became of each lane in one step; `finals` has what those ended with that have begun another episode."""

    infos: list[dict[str, Any]]
    rewards: list[float]
    terminated: list[bool]
    truncated: list[bool]
    finals: dict[int, dict[str, Any]]


class Lanes:
    """All lanes, stepped and reset together; one that crashes takes no other with it.

    `observations` are the last ones, lane by lane; `ended` and `crashed` are the lanes that need a reset.
    """

    def __init__(self, transport: Transport, instance_ids: Sequence[str], space: spaces.Space[Any]) -> None:
        self.observations: list[Any] | NDArray[Any] = [None] * len(instance_ids)
        self.ended = set(range(len(instance_ids)))
        self.crashed: set[int] = set()
        self._transport = transport
        self._space = space
        self._ids = list(instance_ids)

    def reset(
        self, lanes: Sequence[int], seeds: Sequence[int | None], options: dict[str, Any] | None
    ) -> dict[int, dict[str, Any]]:
        """The first info of each of these lanes; their observations are the first of an episode.

        Raises:
            RemoteError: one of them could not be reset.
        """
        (body,) = self._ask([self._reset_call(lanes, seeds, options)])
        return self._read_reset(lanes, body)

    def step(self, actions: Sequence[Any]) -> Outcomes:
        """What became of each lane; one that had crashed is reset instead, at the same time.

        Raises:
            RemoteError: one of them failed in another way than by crashing.
        """
        if not self.crashed:
            (body,) = self._ask([Call("step_many", {"instance_ids": self._ids, "actions": actions})])
            return self._read_step(range(len(self._ids)), body)
        stepped = [lane for lane in range(len(self._ids)) if lane not in self.crashed]
        crashed = sorted(self.crashed)
        calls = [self._reset_call(crashed, [None] * len(self._ids), None)]
        if stepped:
            own_actions = [actions[lane] for lane in stepped]
            fields = {"instance_ids": [self._ids[lane] for lane in stepped], "actions": own_actions}
            calls.append(Call("step_many", fields))
        began, *taken = self._ask(calls)
        infos = self._read_reset(crashed, began)
        outcomes = self._read_step(stepped, taken[0]) if stepped else Outcomes([], [], [], [], {})
        for lane in crashed:  # in rising order, so that each comes to stand in its own place
            outcomes.infos.insert(lane, infos[lane])
            outcomes.rewards.insert(lane, 0.0)
            outcomes.terminated.insert(lane, False)
            outcomes.truncated.insert(lane, False)
        return outcomes

    def ask_each(self, op: str, **fields: Any) -> list[Any]:
        """The answer of each lane to the same question.

        Raises:
            RemoteError: one of them gave none.
        """
        return self._ask([Call(op, {"instance_id": instance_id, **fields}) for instance_id in self._ids])

    def _ask(self, calls: Sequence[Call]) -> list[Any]:
        return succeeded(self._transport.call_all(calls))

    def _reset_call(self, lanes: Sequence[int], seeds: Sequence[int | None], options: dict[str, Any] | None) -> Call:
        ids, own_seeds = [self._ids[lane] for lane in lanes], [seeds[lane] for lane in lanes]
        return Call("reset_many", {"instance_ids": ids, "seeds": own_seeds, "options": options})

    def _read_reset(self, lanes: Sequence[int], body: Any) -> dict[int, dict[str, Any]]:
        for problem in body["errors"].values():
            raise error_of(problem)
        self._observe(lanes, body["observations"])
        self.ended.difference_update(lanes)
        self.crashed.difference_update(lanes)
        return dict(zip(lanes, self._infos(body), strict=True))

    def _read_step(self, lanes: Sequence[int], body: Any) -> Outcomes:
        """The columns have a place for each of these lanes."""
        faults = {int(position): error_of(problem) for position, problem in body["errors"].items()}
        for position, fault in faults.items():
            if not is_crash(fault):
                raise fault
            body["rewards"][position], body["terminated"][position], body["truncated"][position] = 0.0, False, True
            body["infos"][position] = {}
        infos, terminated, truncated = self._infos(body), body["terminated"], body["truncated"]
        for position, fault in faults.items():
            infos[position] = {"fault": fault.problem}
            self.crashed.add(lanes[position])
        finals = {lanes[at]: self._final(info) for at, info in enumerate(infos) if "final_observation" in info}
        self._observe(lanes, body["observations"], without=faults)
        self.ended = {lane for lane, *ends in zip(lanes, terminated, truncated, strict=True) if any(ends)}
        return Outcomes(infos, [float(reward) for reward in body["rewards"]], terminated, truncated, finals)

    def _final(self, info: dict[str, Any]) -> dict[str, Any]:
        """What an episode ended with, in the words of Gymnasium's vector environments."""
        return {"final_obs": decode(self._space, info.pop("final_observation")), "final_info": info.pop("final_info")}

    def _infos(self, body: Any) -> list[dict[str, Any]]:
        return [read_info(info, self._transport.encoding) for info in body["infos"]]

    def _observe(self, lanes: Sequence[int], values: Any, without: Collection[int] = ()) -> None:
        """These lanes have new observations, but for those at the positions `without`."""
        if len(lanes) == len(self._ids) and not without:
            whole = self._whole(values)
            if whole is not None:
                self.observations = whole
                return
        observations = list(self.observations)
        for position, lane in enumerate(lanes):
            if position not in without:
                observations[lane] = decode(self._space, values[position])
        self.observations = observations

    def _whole(self, values: Any) -> NDArray[Any] | None:
        """All observations in one array, where they came so, or are numbers."""
        space = self._space
        if isinstance(space, spaces.Discrete):
            return np.array(values, space.dtype)
        if isinstance(values, np.ndarray) and (values.dtype, values.shape[1:]) == (space.dtype, space.shape):
            return values
        return None
