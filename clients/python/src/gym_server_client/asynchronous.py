"""For programs that drive many instances themselves: every call a coroutine, all over one WebSocket.

A reply goes to whoever waits for it. Commands to one instance go one at a time, so that the server, which remembers
an instance's last command, knows one that is sent again; commands to different instances never wait for each other.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import CloseCode

from gym_server_client import spaces
from gym_server_client.address import Address
from gym_server_client.async_link import AsyncLink
from gym_server_client.environment import creation, picture, picture_kind
from gym_server_client.errors import (
    InstanceGone,
    RemoteError,
    ServerUnreachable,
    Unauthorized,
    UnknownInstance,
    too_large,
)
from gym_server_client.messages import MAX_BREAKS, PAUSES_S, Messages, outcome
from gym_server_client.transport import DEFAULT_PATIENCE, Call, Patience
from gym_server_client.values import decode, unpack

_UNANSWERED = 512
"""Calls under way at once; the others wait their turn. A server takes no more than twice as many on one socket."""


class AsyncEnv:
    """One environment on the server; its methods are those of `gymnasium.Env`, awaited. Made by `AsyncClient.make`."""

    def __init__(self, client: "AsyncClient", document: Mapping[str, Any]) -> None:
        self.instance_id = str(document["instance_id"])
        self.render_mode: str | None = document["render_mode"]
        self.observation_space = spaces.build(document["spaces"]["observation_space"])
        self.action_space = spaces.build(document["spaces"]["action_space"])
        self._client = client
        self._turn = asyncio.Lock()

    async def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """The first observation and info of a new episode."""
        body = await self._call("reset", seed=seed, options=options)
        return decode(self.observation_space, body["observation"]), body["info"]

    async def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """What the action came to; it is taken once, also where the connection breaks meanwhile."""
        body = await self._call("step", action=action)
        observation = decode(self.observation_space, body["observation"])
        return observation, float(body["reward"]), body["terminated"], body["truncated"], body["info"]

    async def render(self) -> Any:
        """The picture of now, as `RemoteEnv.render` has it; None without a render mode."""
        if self.render_mode is None:
            return None
        return picture((await self._call("render", kind=picture_kind(self.render_mode)))["data"])

    async def close(self) -> None:
        """The environment and its process have ended; one that is gone already is no error."""
        with contextlib.suppress(UnknownInstance, InstanceGone):
            await self._call("close")
        self._client.forget(self)

    async def _call(self, op: str, **fields: Any) -> Any:
        async with self._turn:
            return await self._client.call(op, instance_id=self.instance_id, **fields)


class AsyncClient:
    """A connection to the server at `url`, used with `async with`, whose end closes the environments made by it.

    Where the connection breaks it is opened again and what had no answer is sent again; where that does not succeed
    within `reconnect_s`, all that wait, and every later call, raise `ServerUnreachable`.
    """

    def __init__(
        self,
        url: str,
        patience: Patience = DEFAULT_PATIENCE,
        *,
        token: str | None = None,
        ca_file: str | Path | None = None,
    ) -> None:
        self._patience = patience
        self._address = Address(url, token, ca_file)
        self._messages = Messages(self._address, patience)
        self._waiting: dict[int, tuple[bytes, asyncio.Future[Any]]] = {}
        self._room = asyncio.Semaphore(_UNANSWERED)
        self._envs: set[AsyncEnv] = set()
        self._link: AsyncLink | None = None
        self._failure: RemoteError | None = None
        self._breaks = 0
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        link = await self._connected(0.0)
        self._keeper = asyncio.create_task(self._keep_connected(link))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        try:
            with contextlib.suppress(ServerUnreachable, Unauthorized):  # their lease ends them
                await asyncio.gather(*(env.close() for env in list(self._envs)))
        finally:
            if self._keeper:
                self._keeper.cancel()
                await asyncio.wait([self._keeper])
            if self._link:
                await self._link.close()

    async def make(
        self,
        env_id: str,
        *,
        kwargs: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        wrappers: Sequence[Mapping[str, Any]] = (),
        on_crash: str = "restart",
        labels: Mapping[str, str] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> AsyncEnv:
        """A new environment; the arguments are those of `RemoteEnv`."""
        fields = creation(env_id, kwargs, render_mode, max_episode_steps, wrappers, on_crash, labels, limits)
        env = AsyncEnv(self, await self.call("create", **fields))
        self._envs.add(env)
        return env

    def forget(self, env: AsyncEnv) -> None:
        """The environment is closed and needs nothing more."""
        self._envs.discard(env)

    async def call(self, op: str, **fields: Any) -> Any:
        """The body of the answer to an operation of the contract. Not two at a time to one instance.

        Raises:
            RemoteError: what the server answered instead, or `ServerUnreachable`.
        """
        async with self._room:
            if self._failure:
                raise type(self._failure)(self._failure.problem)
            loop = asyncio.get_running_loop()
            number, message = self._messages.write(Call(op, fields))
            future: asyncio.Future[Any] = loop.create_future()
            self._waiting[number] = message, future
            timer = loop.call_later(self._patience.answer_s, self._give_up, future)
            try:
                if self._link:
                    self._link.send(message)
                result = await future
            finally:
                timer.cancel()
                del self._waiting[number]
        if isinstance(result, RemoteError):
            raise result
        return result

    def _give_up(self, future: asyncio.Future[Any]) -> None:
        if not future.done():
            future.set_result(ServerUnreachable(f"no answer within {self._patience.answer_s:g} s"))

    def _deliver(self, message: memoryview) -> None:
        reply = unpack(message, "msgpack")
        self._breaks = 0
        _, future = self._waiting.get(reply["id"], (b"", None))
        if future and not future.done():
            future.set_result(outcome(reply))

    async def _keep_connected(self, link: AsyncLink) -> None:
        """Returns when the connection cannot be had again: then all that wait have been told."""
        try:
            while True:
                await asyncio.wait([link.closed])  # which, unlike `await` alone, lives on where this task does not
                self._check(link.closed.result())
                self._link = None
                link = await self._connected(self._patience.reconnect_s)
                for message, _ in list(self._waiting.values()):
                    link.send(message)
        except RemoteError as failure:
            self._failure = failure
            self._answer_all(failure)

    def _check(self, closed: ConnectionClosed) -> None:
        """There may be another connection after this one."""
        self._breaks += 1
        if closed.rcvd and closed.rcvd.code == CloseCode.MESSAGE_TOO_BIG:
            self._answer_all(too_large())
        if self._breaks >= MAX_BREAKS:
            raise ServerUnreachable(f"the connection broke {MAX_BREAKS} times without an answer") from closed

    def _answer_all(self, error: RemoteError) -> None:
        for _, future in self._waiting.values():
            if not future.done():
                future.set_result(type(error)(error.problem))

    async def _connected(self, patience_s: float) -> AsyncLink:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_s
        for attempt in itertools.count():
            try:
                self._link = await AsyncLink.connect(self._address, self._messages.url, self._deliver)
            except (OSError, WebSocketException) as error:
                pause_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
                if loop.time() + pause_s > deadline:
                    url = self._address.socket_url
                    raise ServerUnreachable(f"{url} cannot be reached: {error}") from error
                await asyncio.sleep(pause_s)
            else:
                break
        assert self._link  # noqa: S101 - narrows: the loop ends with a link or an exception
        return self._link
