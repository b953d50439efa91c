"""`/v1`, in the words of its two ancestors: the first gym-server, "the seed", and gym-http-api.

An instance speaks the dialect of the route that created it; where their replies differ, that decides the shape. The
handlers hold no state.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from aiohttp import web
from msgspec import Raw

from gateway.body import json_bool, json_response, read_fields, splice
from gateway.dialects import v1_fields
from gateway.dialects.v1_fields import has_action, is_true, video_every
from gateway.dialects.v1_replies import created, done, ending, member, nothing, picture_for, rendered, strict, v1_float
from gateway.instance import Instance
from gateway.routes import Route, methods_of
from gateway.supervisor import Supervisor
from gateway.uploads import Recorded, Uploads
from protocol.errors import Forbidden, InstanceGone, InvalidField, MissingField, UnknownInstance
from protocol.messages import (
    CloseMonitor,
    Compare,
    Contains,
    Describe,
    DescriptionForm,
    Fragment,
    Make,
    Reset,
    Sample,
    StartMonitor,
    Step,
)

_ONE = "/v1/envs/{instance_id}"


class V1:
    """The handlers of `/v1`; `end` ends the server, where clients may."""

    def __init__(
        self, supervisor: Supervisor, uploads: Uploads, end: Callable[[], None] | None, *, has_flat_reset: bool
    ) -> None:
        self._supervisor = supervisor
        self._uploads = uploads
        self._end = end
        self._has_flat_reset = has_flat_reset

    def routes(self) -> Sequence[Route]:
        """All routes: those of the seed's page, spelt as there, then those that only gym-http-api had."""
        return (*self._seed_routes(), *self._http_routes())

    def _seed_routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/v1/help", self.help),
            Route("POST", "/v1/envs/create/", self.create),
            Route("POST", f"{_ONE}/reset/", self.reset),
            Route("POST", f"{_ONE}/step/", self.step),
            Route("GET", f"{_ONE}/info", self.info),
            Route("POST", f"{_ONE}/monitor/start/", self.start_monitor),
            Route("POST", f"{_ONE}/monitor/close/", self.close_monitor),
            Route("POST", f"{_ONE}/monitor/stop/", self.close_monitor),
            Route("POST", f"{_ONE}/upload/", self.upload),
        )

    def _http_routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/v1/envs/", self.http_create),
            Route("GET", "/v1/envs/", self.list),
            Route("GET", f"{_ONE}/action_space/", self.action_space),
            Route("GET", f"{_ONE}/action_space/sample", self.sample),
            Route("GET", f"{_ONE}/action_space/contains/{{value}}", self.contains),
            Route("GET", f"{_ONE}/observation_space/", self.observation_space),
            Route("POST", f"{_ONE}/observation_space/contains", self.compare),
            Route("POST", f"{_ONE}/close/", self.close),
            Route("POST", "/v1/upload/", self.http_upload),
            Route("POST", "/v1/shutdown/", self.shutdown),
        )

    async def help(self, _request: web.Request) -> web.Response:
        """List the routes of this API, what each one takes, and its methods."""
        routes: dict[str, dict[str, str]] = {}
        for route in self.routes():
            path = route.path.replace("{", "<").replace("}", ">")
            doc = " ".join((route.handler.__doc__ or "").split())
            entry = routes.setdefault(path, {"doc": "", "methods": ""})
            entry["doc"] = f"{entry['doc']} {doc}".strip()
            entry["methods"] = ",".join(dict.fromkeys([*filter(None, entry["methods"].split(",")), *methods_of(route)]))
        return json_response(msgspec.json.format(msgspec.json.encode({"v1": routes}, order="sorted"), indent=2))

    async def create(self, request: web.Request) -> web.Response:
        """Create an environment from {"environment": "CartPole-v1"}; answers {"instance_id"}.

        Optional: "render_mode" (rgb_array where the environment has it).
        """
        fields = await read_fields(request, v1_fields.CreateFields)
        env_id = _given(fields.environment, "environment")
        make = Make(env_id, render_mode=fields.render_mode, picks_render_mode=True, allows_past_ids=True)
        return created(await self._supervisor.create(make, "seed"), env_id, status=201)

    async def http_create(self, request: web.Request) -> web.Response:
        """Create an environment from {"env_id": "CartPole-v1", "seed": 0}; answers {"instance_id"}."""
        fields = await read_fields(request, v1_fields.HttpCreateFields)
        env_id = _given(fields.env_id, "env_id")
        make = Make(
            env_id,
            render_mode=fields.render_mode,
            picks_render_mode=True,
            allows_past_ids=True,
            first_seed=fields.seed,
        )
        return created(await self._supervisor.create(make, "http"), env_id, status=200)

    async def list(self, request: web.Request) -> web.Response:
        """All environments: {"all_envs": {instance_id: env_id}}."""
        await request.read()
        return json_response({"all_envs": {i.instance_id: i.env_id for i in self._supervisor}})

    async def reset(self, request: web.Request) -> web.Response:
        """Begin an episode; {"render": true} also draws the first picture."""
        fields = await read_fields(request, v1_fields.ResetFields)
        instance = self._find(request)
        observed = await instance.reset(Reset(writes="v1", picture=picture_for(instance, fields.render)))
        members = {"observation": observed.observation, **rendered(instance, observed.drawn)}
        if instance.dialect == "http" or self._has_flat_reset:
            return json_response(splice(**members))
        return json_response(splice(observation=splice(**members)))

    async def step(self, request: web.Request) -> web.Response:
        """Take {"action"} (a number, or a list for spaces that need one); {"render": true} also draws a picture."""
        fields = await read_fields(request, v1_fields.StepFields)
        if not has_action(fields):
            raise MissingField("action")
        instance = self._find(request)
        picture = picture_for(instance, fields.render)
        assert isinstance(fields.action, Raw)  # noqa: S101 - narrows, as has_action has checked
        command = Step((bytes(fields.action),), reads="json", writes="v1", picture=picture, is_lenient=True)
        stepped = await instance.step(command)
        taken = stepped.transitions[0]
        return json_response(
            splice(
                done=json_bool(taken.terminated or taken.truncated),
                info=taken.info,
                observation=taken.observation,
                reward=v1_float(taken.reward),
                terminated=json_bool(taken.terminated),
                truncated=json_bool(taken.truncated),
                **rendered(instance, stepped.drawn),
            )
        )

    async def info(self, request: web.Request) -> web.Response:
        """Tell the action space and the observation space."""
        instance = self._find(request)
        described = await self._described(request, "seed_info")
        if instance.dialect != "seed":
            described = await asyncio.to_thread(strict, described)
        return json_response(described)

    async def action_space(self, request: web.Request) -> web.Response:
        """Tell the action space: {"info": {"name", ...}}."""
        return json_response(splice(info=await self._described(request, "http_action_space")))

    async def observation_space(self, request: web.Request) -> web.Response:
        """Tell the observation space: {"info": {"name", ...}}."""
        return json_response(splice(info=await self._described(request, "http_observation_space")))

    async def sample(self, request: web.Request) -> web.Response:
        """Draw an action at random: {"action"}."""
        await request.read()
        reply = await self._find(request).ask(Sample("action_space", "v1"))
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return json_response(splice(action=reply.body[1:-1]))  # a list of one

    async def contains(self, request: web.Request) -> web.Response:
        """Tell whether the number in the path is an action: {"member"}."""
        await request.read()
        value = request.match_info["value"]
        try:
            msgspec.json.decode(value, type=float)
        except msgspec.MsgspecError as error:
            raise InvalidField.at("$.x", f"must be a number, not {value!r:.60}") from error
        return member(await self._find(request).ask(Contains("action_space", value.encode(), "json")))

    async def compare(self, request: web.Request) -> web.Response:
        """Tell whether each of {"name", "shape", ...} is as in the observation space: {"member"}."""
        body = await request.read()
        return member(await self._find(request).ask(Compare("http_observation_space", body)))

    async def start_monitor(self, request: web.Request) -> web.Response:
        """Record episodes; {"force": true} deletes older recordings, {"resume": true} keeps them."""
        fields = await read_fields(request, v1_fields.StartMonitorFields)
        instance = self._find(request)
        if instance.dialect == "http":
            _given(fields.directory, "directory")
        every = video_every(fields.video_callable)
        await instance.ask(StartMonitor(is_true(fields.force), is_true(fields.resume), every))
        if fields.directory:
            self._supervisor.name_directory(fields.directory, instance.instance_id)
        return done(instance)

    async def close_monitor(self, request: web.Request) -> web.Response:
        """Stop recording."""
        await request.read()
        instance = self._find(request)
        await instance.ask(CloseMonitor())
        return done(instance)

    async def upload(self, request: web.Request) -> web.Response:
        """Score what was recorded: {"algorithm_id", "writeup", "api_key", "ignore_open_monitors"}."""
        fields = await read_fields(request, v1_fields.UploadFields)
        _given(fields.api_key, "api_key")
        recorded = self._supervisor.recorded(request.match_info["instance_id"])
        await self._upload(recorded, fields, ignore_open_monitors=is_true(fields.ignore_open_monitors))
        return json_response({"message": True})

    async def http_upload(self, request: web.Request) -> web.Response:
        """Score what was recorded under a name: {"training_dir", "api_key", "algorithm_id"}."""
        fields = await read_fields(request, v1_fields.UploadFields)
        directory = _given(fields.training_dir, "training_dir")
        _given(fields.api_key, "api_key")
        await self._upload(self._supervisor.recorded_in(directory), fields, ignore_open_monitors=True)
        return nothing()

    async def close(self, request: web.Request) -> web.Response:
        """Close the environment and its process; its artifacts stay."""
        await request.read()
        await self._supervisor.close(self._find(request).instance_id)
        return nothing()

    async def shutdown(self, request: web.Request) -> web.Response:
        """End the server, if it was started with --allow-shutdown."""
        await request.read()
        if self._end is None:
            raise Forbidden("clients may not end this server; start it with --allow-shutdown if they may")
        self._end()
        return ending()

    async def _upload(self, recorded: Recorded, fields: v1_fields.UploadFields, *, ignore_open_monitors: bool) -> None:
        await self._uploads.upload(
            recorded,
            algorithm_id=fields.algorithm_id if isinstance(fields.algorithm_id, str) else None,
            writeup=fields.writeup,
            api_key=fields.api_key,
            ignore_open_monitors=ignore_open_monitors,
        )

    async def _described(self, request: web.Request, form: DescriptionForm) -> bytes:
        await request.read()
        reply = await self._find(request).ask(Describe(form))
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return reply.body

    def _find(self, request: web.Request) -> Instance:
        """A closed instance is an unknown one to the clients of 2016."""
        instance_id = request.match_info["instance_id"]
        try:
            return self._supervisor.get(instance_id)
        except InstanceGone:
            raise UnknownInstance(f"Instance_id {instance_id} unknown") from None


def _given(value: str | None, name: str) -> str:
    if not value:
        raise MissingField(name)
    return value
