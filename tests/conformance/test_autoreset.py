"""Instances that reset themselves do it when, and with what, Gymnasium's vector environments do."""

import asyncio
from typing import Any

import pytest

from tests.conformance import client
from tests.conformance.reference import Case, assert_member, assert_value
from tests.conformance.transports import TRANSPORTS, Transport, connected
from tests.conformance.vectors import Moment, vector_played
from tests.server import Server

SEED, OTHER_SEED = 5, 11
STEPS = 200
CASES = [
    Case("CartPole-v1"),
    Case("Taxi-v4", 30),
    Case("Blackjack-v1"),
    Case("spaces/BoxOfPixels-v0"),
]
MODES = ("next_step", "same_step")


class Automatic:
    """An instance that resets itself, beside what a vector environment did with the same seed and actions."""

    def __init__(self, transport: Transport, case: Case, mode: str, seed: int) -> None:
        self.moments = vector_played(case, mode, seed, STEPS)
        self._transport = transport
        self._case, self._mode, self._seed = case, mode, seed
        self._space: dict[str, Any] = {}
        self.instance_id = ""

    async def create(self) -> None:
        """The instance is there, and its first episode has begun."""
        document = await self._transport.call("create", **self._case.fields, autoreset=self._mode)
        assert document["autoreset"] == self._mode
        self._space = document["spaces"]["observation_space"]
        self.instance_id = document["instance_id"]
        began = await self._transport.call("reset", instance_id=self.instance_id, seed=self._seed)
        self.compare(self.moments[0], **began)

    def action(self, moment: Moment) -> Any:
        """The action as it is sent."""
        return client.encode(moment.action, self._transport.encoding)

    def compare(self, local: Moment, observation: Any, info: Any, **of_step: Any) -> None:
        """What came is what happened here; where Gymnasium says `final_obs`, the contract says `final_observation`."""
        assert_member(local.observation, client.decode(self._space, observation))
        expected = dict(local.info)
        if "final_obs" in expected:
            assert_member(expected.pop("final_obs"), client.decode(self._space, info.pop("final_observation")))
        assert_value(expected, info)
        for name, value in of_step.items():
            assert_value(getattr(local, name), value)


async def one_by_one(transport: Transport, case: Case, mode: str) -> None:
    it = Automatic(transport, case, mode, SEED)
    await it.create()
    for moment in it.moments[1:]:
        it.compare(moment, **await transport.call("step", instance_id=it.instance_id, action=it.action(moment)))


async def all_at_once(transport: Transport, case: Case, mode: str) -> None:
    it = Automatic(transport, case, mode, SEED)
    await it.create()
    actions = [it.action(moment) for moment in it.moments[1:]]
    body = await transport.call("step", instance_id=it.instance_id, actions=actions)
    for moment, transition in zip(it.moments[1:], body["transitions"], strict=True):
        it.compare(moment, **transition)


async def side_by_side(transport: Transport, case: Case, mode: str) -> None:
    both = [Automatic(transport, case, mode, seed) for seed in (SEED, OTHER_SEED)]
    for it in both:
        await it.create()
    ids = [it.instance_id for it in both]
    for moments in zip(*(it.moments[1:] for it in both), strict=True):
        actions = [it.action(moment) for it, moment in zip(both, moments, strict=True)]
        body = await transport.call("step_many", instance_ids=ids, actions=actions)
        columns = ("observations", "infos", "rewards", "terminated", "truncated")
        for it, moment, row in zip(both, moments, zip(*(body[name] for name in columns), strict=True), strict=True):
            observation, info, reward, terminated, truncated = row
            it.compare(moment, observation, info, reward=reward, terminated=terminated, truncated=truncated)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_instance_resets_itself_as_a_vector_environment_does(
    server: Server, case: Case, mode: str, transport: str
) -> None:
    """200 steps without a reset: the same observations, final ones included, rewards, flags and infos."""

    async def go(way: Any) -> None:
        async with connected(server.url, transport) as connection:
            await way(connection, case, mode)

    async with asyncio.TaskGroup() as group:
        for way in (one_by_one, all_at_once, side_by_side):
            group.create_task(go(way))
