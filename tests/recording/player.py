"""A client that plays one instance over a WebSocket, and counts for itself what it plays."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import aiohttp

from tests.server import Server

Policy = Callable[[Any], Any]


class Played(NamedTuple):
    """One episode as the client counted it."""

    length: int
    total_reward: float


class Player:
    """Speaks `/v2/ws` for one instance, a message at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, instance_id: str) -> None:
        self._socket = socket
        self._instance_id = instance_id

    async def send(self, op: str, **fields: Any) -> None:
        """The message is on its way."""
        await self._socket.send_json({"id": 0, "op": op, "instance_id": self._instance_id, **fields})

    async def receive(self) -> Any:
        """The next reply."""
        return json.loads((await self._socket.receive()).data)

    async def ask(self, op: str, **fields: Any) -> Any:
        """The body of the reply, which is no problem."""
        await self.send(op, **fields)
        reply = await self.receive()
        assert reply["status"] == 200, reply
        return reply["body"]

    async def reset(self, **fields: Any) -> Any:
        """The first observation of an episode."""
        return (await self.ask("reset", **fields))["observation"]

    async def step(self, action: Any) -> tuple[Any, float, bool]:
        """The observation, the reward, and whether the episode has ended."""
        body = await self.ask("step", action=action)
        return body["observation"], float(body["reward"]), body["terminated"] or body["truncated"]

    async def play(self, policy: Policy, observation: Any) -> Played:
        """The rest of the episode."""
        length, total_reward, ended = 0, 0.0, False
        while not ended:
            observation, reward, ended = await self.step(policy(observation))
            length, total_reward = length + 1, total_reward + reward
        return Played(length, total_reward)

    async def follow(self, actions: list[int]) -> Played:
        """As much of the plan as the episode lasts, in one message."""
        taken = (await self.ask("step", actions=actions))["transitions"]
        assert taken[-1]["terminated"] or taken[-1]["truncated"], "the plan ends before the episode"
        return Played(len(taken), sum(transition["reward"] for transition in taken))


@contextlib.asynccontextmanager
async def player(server: Server, instance_id: str) -> AsyncIterator[Player]:
    """A player of that instance; its socket is closed at the end."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/v2/ws", protocols=("gym-server.v2.json",)) as socket,
    ):
        yield Player(socket, instance_id)
