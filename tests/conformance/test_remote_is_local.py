"""Every environment does through the server, bit for bit, what it does in one's own process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conformance import client
from tests.conformance.reference import Began, Case, Stepped, assert_member, assert_value, played
from tests.conformance.spaces_envs import SPACES
from tests.conformance.transports import TRANSPORTS, Transport, connected
from tests.server import Server

SEED, OTHER_SEED = 3, 40
CHUNK = 7
CASES = [
    Case("CartPole-v1"),
    Case("Acrobot-v1", 60),
    Case("MountainCar-v0", 60),
    Case("MountainCarContinuous-v0", 60),
    Case("Pendulum-v1", 60),
    Case("FrozenLake-v1"),
    Case("FrozenLake-v1", 40, (("map_name", "8x8"), ("is_slippery", False))),
    Case("Taxi-v4", 60),
    Case("Blackjack-v1"),
    Case("CliffWalking-v1", 60),
    Case("LunarLander-v3"),
    Case("LunarLanderContinuous-v3", 60),
    Case("BipedalWalker-v3", 60),
    Case("HalfCheetah-v5", 60),
    Case("InvertedPendulum-v5"),
    Case("ALE/Pong-v5", 60, (("obs_type", "ram"),)),
    Case("MiniGrid-Empty-5x5-v0", 30),
    Case("MiniGrid-DoorKey-6x6-v0", 30),
    *(Case(f"spaces/{name}-v0") for name in SPACES),
    Case("spaces/Oddities-v0"),
]
PIXELS = Case("ALE/Breakout-v5", 25, steps=60)


class Player:
    """Repeats through a transport what was played here, and compares."""

    def __init__(self, transport: Transport, case: Case) -> None:
        self._transport = transport
        self._case = case
        self._spaces: dict[str, Any] = {}
        self.instance_id = ""

    async def create(self) -> str:
        """The id of a new instance."""
        document = await self._transport.call("create", **self._case.fields)
        self._spaces = document["spaces"]
        self.instance_id = str(document["instance_id"])
        return self.instance_id

    def action(self, step: Stepped) -> Any:
        """The action as it is sent."""
        return client.encode(step.action, self._transport.encoding)

    def compare(self, local: Began | Stepped, observation: Any, info: Any, **of_step: Any) -> None:
        """What came is what happened here."""
        assert_member(local.observation, client.decode(self._spaces["observation_space"], observation))
        assert_value(local.info, info)
        for name, value in of_step.items():
            expected = getattr(local, name)
            assert_value(float(expected) if name == "reward" else bool(expected), value)
        assert bool(of_step) == isinstance(local, Stepped)

    async def reset(self, local: Began) -> None:
        """An episode begins as it began here."""
        fields = {} if local.seed is None else {"seed": local.seed}
        self.compare(local, **await self._transport.call("reset", instance_id=self.instance_id, **fields))

    async def step(self, local: Stepped) -> None:
        """A step comes to what it came to here."""
        self.compare(
            local, **await self._transport.call("step", instance_id=self.instance_id, action=self.action(local))
        )

    async def steps(self, chunk: list[Stepped]) -> None:
        """So do several at once; those behind the end of an episode are not taken."""
        actions = [self.action(step) for step in chunk]
        actions += [actions[0]] * chunk[-1].ends
        body = await self._transport.call("step", instance_id=self.instance_id, actions=actions)
        for local, transition in zip(chunk, body["transitions"], strict=True):
            self.compare(local, **transition)


async def one_by_one(transport: Transport, case: Case) -> None:
    player = Player(transport, case)
    await player.create()
    for event in played(case, SEED, case.steps):
        await (player.reset(event) if isinstance(event, Began) else player.step(event))


async def several_at_once(transport: Transport, case: Case) -> None:
    player = Player(transport, case)
    await player.create()
    chunk: list[Stepped] = []
    for event in (*played(case, SEED, case.steps), None):
        if chunk and (not isinstance(event, Stepped) or len(chunk) == CHUNK):
            await player.steps(chunk)
            chunk = []
        if isinstance(event, Began):
            await player.reset(event)
        elif event:
            chunk.append(event)


async def side_by_side(transport: Transport, case: Case) -> None:
    """Two instances; where an episode of one ends the other one waits, so that both move on with every message."""
    plays = {seed: list(played(case, seed, case.steps // 2)) for seed in (SEED, OTHER_SEED)}
    players = {seed: Player(transport, case) for seed in plays}
    for player in players.values():
        await player.create()
    while any(plays.values()):
        begins = {seed: events.pop(0) for seed, events in plays.items() if events and isinstance(events[0], Began)}
        now = begins or {seed: events.pop(0) for seed, events in plays.items() if events}
        chosen = [players[seed] for seed in now]
        await together(transport, chosen, list(now.values()))


async def together(transport: Transport, players: list[Player], events: list[Any]) -> None:
    ids = [player.instance_id for player in players]
    if isinstance(events[0], Began):
        body = await transport.call("reset_many", instance_ids=ids, seeds=[event.seed for event in events])
        columns = {}
    else:
        actions = [player.action(event) for player, event in zip(players, events, strict=True)]
        body = await transport.call("step_many", instance_ids=ids, actions=actions)
        columns = {"reward": body["rewards"], "terminated": body["terminated"], "truncated": body["truncated"]}
    assert body["errors"] == {}
    assert len(body["observations"]) == len(ids)
    for index, (player, event) in enumerate(zip(players, events, strict=True)):
        row = {name: values[index] for name, values in columns.items()}
        player.compare(event, body["observations"][index], body["infos"][index], **row)


WAYS = (one_by_one, several_at_once, side_by_side)


async def in_every_way(server: Server, case: Case, transport: str) -> None:
    """Single, n-step and batched, all at the same time and each over a connection of its own."""

    async def go(way: Callable[[Transport, Case], Awaitable[None]]) -> None:
        async with connected(server.url, transport) as connection:
            await way(connection, case)

    async with asyncio.TaskGroup() as group:
        for way in WAYS:
            group.create_task(go(way), name=way.__name__)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_an_environment_does_what_it_does_locally(server: Server, case: Case, transport: str) -> None:
    """200 steps, several episodes, the same seeds and actions: observations, rewards, flags, infos, bit for bit."""
    await in_every_way(server, case, transport)


@pytest.mark.parametrize("case", [Case("CartPole-v1"), Case("spaces/Nested-v0"), Case("spaces/Oddities-v0")], ids=str)
async def test_arrays_are_bytes_on_a_socket_that_asks_for_it(server: Server, case: Case) -> None:
    """In JSON, by the query of its URL; observations, actions and infos."""
    await in_every_way(server, case, "socket-base64")


@pytest.mark.slow
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_pictures_are_what_they_are_locally(server: Server, transport: str) -> None:
    """Observations of 100,000 numbers each, over 60 steps."""
    await in_every_way(server, PIXELS, transport)
