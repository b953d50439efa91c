"""The first gym-server's first API, of May 2016, which scala-gym speaks: one environment, and nothing but GET.

The operator names the environment; it is made at the first request, and again when its process has crashed.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import msgspec
from aiohttp import web

from gateway.body import json_bool, json_response, splice
from gateway.dialects.v1_replies import strict, v1_float
from gateway.instance import Instance
from gateway.lifecycle import State
from gateway.routes import Route
from gateway.supervisor import Supervisor
from protocol.errors import GymServerError, InstanceGone, InvalidAction, UnknownInstance
from protocol.messages import Describe, Fragment, Make, Reset, Step


class First:
    """The handlers; they share the one instance."""

    def __init__(self, supervisor: Supervisor, env_id: str) -> None:
        self._supervisor = supervisor
        self._env_id = env_id
        self._instance_id: str | None = None
        self._making = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/", self.help),
            Route("GET", "/reset", self.reset),
            Route("GET", "/step/{action}", self.step),
            Route("GET", "/info", self.info),
        )

    async def help(self, request: web.Request) -> web.Response:
        """Tell what there is."""
        await request.read()
        commands = {route.path: (route.handler.__doc__ or "").strip() for route in self.routes()}
        return json_response({"available_commands": commands})

    async def reset(self, request: web.Request) -> web.Response:
        """Begin an episode: {"observation"}."""
        await request.read()
        command = Reset(writes="v1")
        try:
            observed = await (await self._instance()).reset(command)
        except InstanceGone:  # its restarts are used up, as only the attempt has shown
            observed = await (await self._instance()).reset(command)
        return json_response(splice(observation=observed.observation))

    async def step(self, request: web.Request) -> web.Response:
        """Take the action in the path: {"done", "info", "observation", "reward"}; the values in info are strings."""
        await request.read()
        action = request.match_info["action"]
        try:
            msgspec.json.decode(action, type=float)
        except msgspec.MsgspecError as error:
            raise InvalidAction.at("$.action", f"must be a number, not {action!r:.60}") from error
        command = Step((action.encode(),), reads="json", writes="v1", is_lenient=True)
        taken = (await (await self._instance()).step(command)).transitions[0]
        info = {name: _text(value) for name, value in msgspec.json.decode(taken.info, type=dict[str, object]).items()}
        return json_response(
            splice(
                done=json_bool(taken.terminated or taken.truncated),
                info=msgspec.json.encode(info),
                observation=taken.observation,
                reward=v1_float(taken.reward),
            )
        )

    async def info(self, request: web.Request) -> web.Response:
        """Tell the action space and the observation space."""
        await request.read()
        reply = await (await self._instance()).ask(Describe("seed_info"))
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return json_response(await asyncio.to_thread(strict, reply.body))

    async def _instance(self) -> Instance:
        async with self._making:
            instance = self._alive()
            if instance is None:
                await self._clear_away()
                make = Make(self._env_id, picks_render_mode=True, allows_past_ids=True)
                instance = await self._supervisor.create(make, "seed")
                self._instance_id = instance.instance_id
            return instance

    async def _clear_away(self) -> None:
        """The one that is of no use any more does not take a place among those that are."""
        if self._instance_id is not None:
            with contextlib.suppress(UnknownInstance):
                await self._supervisor.close(self._instance_id)

    def _alive(self) -> Instance | None:
        if self._instance_id is None:
            return None
        try:
            instance = self._supervisor.get(self._instance_id)
        except GymServerError:
            return None
        # A crashed one that is not restarted any more is of no use.
        return None if instance.state is State.CRASHED and instance.on_crash == "fail" else instance


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
