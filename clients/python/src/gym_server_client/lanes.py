"""The environments of one vector environment: who is stepped, who is reset, who has crashed. Knows no batches."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gymnasium import spaces

from gym_server_client.errors import RemoteError, error_of, is_crash
from gym_server_client.transport import Call, Transport, succeeded
from gym_server_client.values import decode, read_info


class Outcome(NamedTuple):
    """What became of one lane in one call; `final` is what it ended with where it has begun another episode."""

    info: dict[str, Any]
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    final: dict[str, Any] | None = None


class Lane:
    """One environment, its last observation, and whether it may be stepped."""

    def __init__(self, index: int, instance_id: str) -> None:
        self.index = index
        self.instance_id = instance_id
        self.observation: Any = None
        self.has_ended = True
        self.is_crashed = False

    def began(self, observation: Any) -> None:
        """An episode has begun."""
        self.observation = observation
        self.has_ended = self.is_crashed = False


class Lanes:
    """All lanes, stepped and reset together; one that crashes takes no other with it."""

    def __init__(self, transport: Transport, instance_ids: Sequence[str], space: spaces.Space[Any]) -> None:
        self._transport = transport
        self._space = space
        self._lanes = [Lane(index, instance_id) for index, instance_id in enumerate(instance_ids)]

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes)

    def reset(
        self, lanes: Sequence[Lane], seeds: Sequence[int | None], options: dict[str, Any] | None
    ) -> dict[int, Outcome]:
        """The first info of each of these lanes by its index, their observations in themselves.

        Raises:
            RemoteError: one of them could not be reset.
        """
        (body,) = self._ask([self._reset_call(lanes, seeds, options)])
        return self._read_reset(lanes, body)

    def step(self, actions: Sequence[Any]) -> list[Outcome]:
        """What became of each lane; one that had crashed is reset instead, at the same time.

        Raises:
            RemoteError: one of them failed in another way than by crashing.
        """
        crashed = [lane for lane in self._lanes if lane.is_crashed]
        stepped = [lane for lane in self._lanes if not lane.is_crashed]
        calls = []
        if stepped:
            ids = [lane.instance_id for lane in stepped]
            calls.append(Call("step_many", {"instance_ids": ids, "actions": [actions[lane.index] for lane in stepped]}))
        if crashed:
            calls.append(self._reset_call(crashed, [None] * len(self._lanes), None))
        bodies = self._ask(calls)
        outcomes = self._read_step(stepped, bodies[0]) if stepped else {}
        if crashed:
            outcomes |= self._read_reset(crashed, bodies[-1])
        return [outcomes[lane.index] for lane in self._lanes]

    def ask_each(self, op: str, **fields: Any) -> list[Any]:
        """The answer of each lane to the same question.

        Raises:
            RemoteError: one of them gave none.
        """
        return self._ask([Call(op, {"instance_id": lane.instance_id, **fields}) for lane in self._lanes])

    def _ask(self, calls: Sequence[Call]) -> list[Any]:
        return succeeded(self._transport.call_all(calls))

    def _reset_call(self, lanes: Sequence[Lane], seeds: Sequence[int | None], options: dict[str, Any] | None) -> Call:
        ids = [lane.instance_id for lane in lanes]
        own_seeds = [seeds[lane.index] for lane in lanes]
        return Call("reset_many", {"instance_ids": ids, "seeds": own_seeds, "options": options})

    def _read_reset(self, lanes: Sequence[Lane], body: Any) -> dict[int, Outcome]:
        for problem in body["errors"].values():
            raise error_of(problem)
        for position, lane in enumerate(lanes):
            lane.began(decode(self._space, body["observations"][position]))
        return {lane.index: Outcome(self._info(body, position)) for position, lane in enumerate(lanes)}

    def _read_step(self, lanes: Sequence[Lane], body: Any) -> dict[int, Outcome]:
        faults = {int(position): error_of(problem) for position, problem in body["errors"].items()}
        for fault in faults.values():
            if not is_crash(fault):
                raise fault
        return {
            lane.index: self._crashed(lane, faults[position])
            if position in faults
            else self._stepped(lane, body, position)
            for position, lane in enumerate(lanes)
        }

    def _crashed(self, lane: Lane, fault: RemoteError) -> Outcome:
        lane.is_crashed = lane.has_ended = True
        return Outcome({"fault": fault.problem}, truncated=True)

    def _stepped(self, lane: Lane, body: Any, position: int) -> Outcome:
        info = self._info(body, position)
        final = None
        if "final_observation" in info:
            final_observation = decode(self._space, info.pop("final_observation"))
            final = {"final_obs": final_observation, "final_info": info.pop("final_info")}
        lane.observation = decode(self._space, body["observations"][position])
        terminated, truncated = body["terminated"][position], body["truncated"][position]
        lane.has_ended = terminated or truncated
        return Outcome(info, float(body["rewards"][position]), terminated, truncated, final)

    def _info(self, body: Any, position: int) -> dict[str, Any]:
        info: dict[str, Any] = read_info(body["infos"][position], self._transport.encoding)
        return info
