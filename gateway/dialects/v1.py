"""`/v1` as the first gym-server documented it: every route, shape and status of its page.

Which shape a reply has follows the dialect of the instance, which is that of the route that created it.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Raw, UnsetType

from gateway.body import json_bool, json_response, read_fields, splice
from gateway.instance import Instance
from gateway.routes import Route, methods_of
from gateway.supervisor import Supervisor
from protocol.errors import InstanceGone, MissingField, UnknownInstance
from protocol.messages import CloseMonitor, Describe, Drawn, Fragment, Make, Picture, Reset, StartMonitor, Step

Flag = bool | Literal["true", "false"] | None
"""Clients in Lua send booleans as strings."""

_NO_ACTION = frozenset({b"null", b'""', b"[]"})


class _Create(msgspec.Struct):
    environment: str
    render_mode: str | None = None


class _Render(msgspec.Struct):
    render: Flag = False


class _Step(msgspec.Struct):
    action: Raw | UnsetType = UNSET
    render: Flag = False


class _StartMonitor(msgspec.Struct):
    force: Flag = False
    resume: Flag = False


class _Nothing(msgspec.Struct):
    pass


class V1:
    """The handlers of `/v1`; holds the supervisor and no state."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def routes(self) -> Sequence[Route]:
        """All routes, spelt as the seed's page spells them."""
        instance = "/v1/envs/{instance_id}"
        return (
            Route("GET", "/v1/help", self.help),
            Route("POST", "/v1/envs/create/", self.create),
            Route("POST", f"{instance}/reset/", self.reset),
            Route("POST", f"{instance}/step/", self.step),
            Route("GET", f"{instance}/info", self.info),
            Route("POST", f"{instance}/monitor/start/", self.start_monitor),
            Route("POST", f"{instance}/monitor/close/", self.close_monitor),
            Route("POST", f"{instance}/monitor/stop/", self.close_monitor),
        )

    async def help(self, _request: web.Request) -> web.Response:
        """List the routes of this API, what each one takes, and its methods."""
        routes = {
            route.path.replace("{", "<").replace("}", ">"): {
                "doc": " ".join((route.handler.__doc__ or "").split()),
                "methods": ",".join(methods_of(route)),
            }
            for route in self.routes()
        }
        return json_response(msgspec.json.format(msgspec.json.encode({"v1": routes}, order="sorted"), indent=2))

    async def create(self, request: web.Request) -> web.Response:
        """Create an environment from {"environment": "CartPole-v1"}; answers {"instance_id"}.

        Optional: "render_mode" (rgb_array where the environment has it).
        """
        fields = await read_fields(request, _Create)
        make = Make(fields.environment, render_mode=fields.render_mode, picks_render_mode=True, allows_past_ids=True)
        instance = await self._supervisor.create(make, "seed")
        reply = {"instance_id": instance.instance_id}
        if instance.env_id != fields.environment:
            reply["resolved_environment"] = instance.env_id
        return json_response(reply, status=201)

    async def reset(self, request: web.Request) -> web.Response:
        """Begin an episode; {"render": true} also draws the first picture."""
        fields = await read_fields(request, _Render)
        instance = self._find(request)
        observed = await instance.reset(Reset(writes="v1", picture=_picture(instance, fields.render)))
        members = {"observation": observed.observation, **_rendered(instance, observed.drawn)}
        if instance.dialect == "http":
            return json_response(splice(**members))
        return json_response(splice(observation=splice(**members)))

    async def step(self, request: web.Request) -> web.Response:
        """Take {"action"} (a number, or a list for spaces that need one); {"render": true} also draws a picture."""
        fields = await read_fields(request, _Step)
        if fields.action is UNSET or bytes(fields.action) in _NO_ACTION:
            raise MissingField("action")
        instance = self._find(request)
        picture = _picture(instance, fields.render)
        stepped = await instance.step(
            Step((bytes(fields.action),), reads="json", writes="v1", picture=picture, is_lenient=True)
        )
        taken = stepped.transitions[0]
        return json_response(
            splice(
                done=json_bool(taken.terminated or taken.truncated),
                info=taken.info,
                observation=taken.observation,
                reward=msgspec.json.encode(taken.reward),
                terminated=json_bool(taken.terminated),
                truncated=json_bool(taken.truncated),
                **_rendered(instance, stepped.drawn),
            )
        )

    async def info(self, request: web.Request) -> web.Response:
        """Tell the action space and the observation space."""
        await request.read()
        reply = await self._find(request).ask(Describe("seed_info"))
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return json_response(reply.body)

    async def start_monitor(self, request: web.Request) -> web.Response:
        """Record episodes; {"force": true} deletes older recordings, {"resume": true} keeps them."""
        fields = await read_fields(request, _StartMonitor)
        command = StartMonitor(force=_is_true(fields.force), resume=_is_true(fields.resume))
        await self._find(request).ask(command)
        return json_response({"message": True})

    async def close_monitor(self, request: web.Request) -> web.Response:
        """Stop recording."""
        await read_fields(request, _Nothing)
        await self._find(request).ask(CloseMonitor())
        return json_response({"message": True})

    def _find(self, request: web.Request) -> Instance:
        instance_id = request.match_info["instance_id"]
        try:
            return self._supervisor.get(instance_id)
        except InstanceGone:
            raise UnknownInstance(f"Instance_id {instance_id} unknown") from None


def _is_true(flag: Flag) -> bool:
    return flag is True or flag == "true"


def _picture(instance: Instance, render: Flag) -> Picture:
    """gym-http-api's clients ask for a picture with every step, where it meant a window: they get the latest one."""
    if not _is_true(render):
        return "none"
    return "latest" if instance.dialect == "http" else "numbered"


def _rendered(instance: Instance, drawn: Drawn | None) -> dict[str, bytes]:
    if drawn is None or instance.dialect == "http":
        return {}
    text = f"Error: {drawn.error}" if drawn.error is not None else f"successfully rendered: {drawn.name}"
    return {"render": msgspec.json.encode(text)}
