"""What `/v2` can do, for REST and for sockets alike: fields in, the encoded body of the reply out. Holds no state."""

import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from gateway.dialects.v2_batch import Batch
from gateway.dialects.v2_fields import (
    ContainsFields,
    CreateFields,
    ManyResetFields,
    ManyStepFields,
    ResetFields,
    SampleFields,
    StartMonitorFields,
    StepFields,
)
from gateway.dialects.v2_transitions import transition_object
from gateway.document import document
from gateway.errors import problem, status_of
from gateway.instance import Instance
from gateway.replay import Key, was_replayed
from gateway.stacking import stacked
from gateway.supervisor import Choices, Supervisor
from gateway.wire import Wire
from protocol.errors import GymServerError, InstanceGone, InvalidField, MissingField, UnknownInstance
from protocol.messages import (
    Contains,
    Drawn,
    Fragment,
    Make,
    Member,
    Observed,
    Reset,
    Sample,
    SpaceName,
    StartMonitor,
    Step,
    Stepped,
    Wrapper,
)

C = TypeVar("C", Step, Reset)
R = TypeVar("R", Stepped, Observed)


class Operations:
    """Each method is one operation; `pictures_url` is where a client finds the artifact server."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    async def create(self, fields: CreateFields, wire: Wire, key: Key | None) -> tuple[bytes, list[Instance]]:
        """Instances made side by side, all or none: one document, or `{"instances"}` where a count was asked for."""
        make = Make(
            env_id=fields.env_id,
            kwargs=_raw(fields.kwargs),
            reads=wire.reads,
            render_mode=fields.render_mode,
            max_episode_steps=fields.max_episode_steps,
            autoreset=fields.autoreset,
            wrappers=tuple(Wrapper(wrapper.name, _raw(wrapper.kwargs)) for wrapper in fields.wrappers),
        )
        choices = Choices(fields.limits, fields.on_crash, fields.labels)
        instances = await self._supervisor.create_many(make, choices, fields.count or 1, key.text if key else None)
        documents = [encoded_document(instance, wire) for instance in instances]
        body = documents[0] if fields.count is None else wire.object({"instances": wire.list(documents)})
        return body, instances

    async def reset(self, instance: Instance, fields: ResetFields, wire: Wire, key: Key | None, url: str) -> bytes:
        """`{"observation", "info", "render"?}`."""
        command = Reset(
            writes=wire.writes,
            seed=fields.seed,
            options=_raw(fields.options),
            reads=wire.reads,
            picture="numbered" if fields.render else "none",
        )
        observed = await instance.reset(command, key)
        members = {"observation": observed.observation, "info": observed.info}
        if fields.render:
            members["render"] = _drawn(instance, observed.drawn, wire, url)
        return wire.object(members)

    async def step(self, instance: Instance, fields: StepFields, wire: Wire, key: Key | None, url: str) -> bytes:
        """One transition, or `{"transitions"}` where several actions came; `"render"` where a picture was asked for."""
        if (fields.action is UNSET) == (fields.actions is UNSET):
            if fields.action is UNSET:
                raise MissingField("action")
            raise InvalidField("$.action and $.actions exclude each other; send one of them")
        raws = (fields.action,) if isinstance(fields.action, Raw) else fields.actions
        assert isinstance(raws, tuple)  # noqa: S101 - narrows: one of the two is set
        if key and fields.action is UNSET:
            key = key._replace(batch=b"actions")  # one action in a list is answered in another form than one alone
        picture = "numbered" if fields.render else "none"
        stepped = await instance.step(Step(tuple(map(bytes, raws)), wire.reads, wire.writes, picture), key)  # type: ignore[arg-type]  # a conditional of two literals is a str to mypy
        rendered = _drawn(instance, stepped.drawn, wire, url) if fields.render else None
        if fields.actions is UNSET:
            return transition_object(stepped.transitions[0], wire, rendered)
        members = {"transitions": wire.list([transition_object(each, wire) for each in stepped.transitions])}
        return wire.object(members if rendered is None else members | {"render": rendered})

    async def step_many(self, fields: ManyStepFields, wire: Wire, key: Key | None) -> bytes:
        """One step for each, all at the same time; a failure is in `errors` under its position, and null elsewhere."""
        if len(fields.actions) != len(fields.instance_ids):
            wanted = len(fields.instance_ids)
            raise InvalidField(f"$.actions must be one for each of $.instance_ids: {wanted}, not {len(fields.actions)}")
        steps = [Step((bytes(action),), wire.reads, wire.writes) for action in fields.actions]
        outcomes = await self._all_at_once(Instance.step, fields.instance_ids, steps, key)
        taken = [o.transitions[0] if isinstance(o, Stepped) else None for o in outcomes]
        nothing = wire.encode(None)
        return wire.object(
            {
                "observations": _observations([t.observation if t else None for t in taken], wire),
                "rewards": wire.list([wire.float(t.reward) if t else nothing for t in taken]),
                "terminated": wire.list([wire.boolean(t.terminated) if t else nothing for t in taken]),
                "truncated": wire.list([wire.boolean(t.truncated) if t else nothing for t in taken]),
                "infos": wire.list([t.info if t else nothing for t in taken]),
                "errors": _errors(outcomes, fields.instance_ids, wire),
            }
        )

    async def reset_many(self, fields: ManyResetFields, wire: Wire, key: Key | None) -> bytes:
        """The beginning of an episode for each; failures as in `step_many`."""
        ids = fields.instance_ids
        seeds = fields.seeds or (None,) * len(ids)
        if len(seeds) != len(ids):
            raise InvalidField(f"$.seeds must be one for each of $.instance_ids: {len(ids)}, not {len(seeds)}")
        options = _raw(fields.options)
        resets = [Reset(wire.writes, seed, options, wire.reads) for seed in seeds]
        outcomes = await self._all_at_once(Instance.reset, ids, resets, key)
        observed = [o if isinstance(o, Observed) else None for o in outcomes]
        nothing = wire.encode(None)
        return wire.object(
            {
                "observations": _observations([o.observation if o else None for o in observed], wire),
                "infos": wire.list([o.info if o else nothing for o in observed]),
                "errors": _errors(outcomes, ids, wire),
            }
        )

    async def sample(
        self, instance: Instance, space: SpaceName, fields: SampleFields, wire: Wire, key: Key | None
    ) -> bytes:
        """`{"values"}`."""
        command = Sample(space, wire.writes, fields.n, fields.seed, _raw(fields.mask), wire.reads)
        reply = await instance.ask(command, key)
        assert isinstance(reply, Fragment)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return wire.object({"values": reply.body})

    async def contains(
        self, instance: Instance, space: SpaceName, fields: ContainsFields, wire: Wire, key: Key | None
    ) -> bytes:
        """`{"contains"}`."""
        reply = await instance.ask(Contains(space, bytes(fields.value), wire.reads), key)
        assert isinstance(reply, Member)  # noqa: S101 - narrows; SPEC.md: the only reply but a failure
        return wire.object({"contains": wire.boolean(reply.is_member)})

    async def kill(self, instance: Instance, wire: Wire, key: Key | None) -> bytes:
        """The crash report; with a key that came before, that of then, and a worker started since lives on."""
        report = await (instance.kills.once(key, None, instance.kill) if key else instance.kill())
        return wire.encode(msgspec.structs.asdict(report))

    async def start_monitor(self, instance: Instance, fields: StartMonitorFields, key: Key | None) -> None:
        """Episodes are recorded."""
        match fields.video:
            case "capped_cubic":
                every = None
            case "never":
                every = 0
            case schedule:
                every = schedule.every_episodes
        await instance.ask(StartMonitor(fields.force, fields.resume, every), key)

    async def _all_at_once(
        self,
        run: Callable[[Instance, C, Key | None], Coroutine[Any, Any, R]],
        ids: tuple[str, ...],
        commands: list[C],
        key: Key | None,
    ) -> list[R | GymServerError]:
        """What became of each command, or why nothing did; those to one instance run in the order of the batch.

        Raises:
            InvalidField: the key came to one of the instances with something else; nothing is done.
        """
        keys = self._keys(key, ids, commands)
        batch: Batch[R] = Batch(len(ids))
        for position, (instance_id, command, own_key) in enumerate(zip(ids, commands, keys, strict=True)):
            done = partial(batch.put, position)
            try:
                instance = self._supervisor.get(instance_id)
            except GymServerError as error:
                done(error)
                continue
            if not instance.begin(command, own_key, done):
                batch.wait_for(position, run(instance, command, own_key))
        outcomes, replayed = await batch.outcomes()
        was_replayed.set(replayed)  # each that waited ran in a context of its own
        return outcomes

    def _keys(self, key: Key | None, ids: tuple[str, ...], commands: list[C]) -> list[Key | None]:
        """The key of each command of a batch: one that only the same batch repeats."""
        if key is None:
            return [None] * len(ids)
        batch = hashlib.blake2b(msgspec.msgpack.encode((ids, commands))).digest()
        parts = _occurrences(ids) if len(set(ids)) < len(ids) else [0] * len(ids)
        keys: list[Key | None] = []
        for id_, part in zip(ids, parts, strict=True):
            own_key = Key(key.text, batch, part)
            keys.append(own_key)
            try:
                self._supervisor.get(id_).replay.check(own_key)
            except (UnknownInstance, InstanceGone):
                continue  # its part fails by itself
        return keys


def _occurrences(ids: tuple[str, ...]) -> list[int]:
    """For each id, how often it has come before."""
    seen: Counter[str] = Counter()
    before = []
    for id_ in ids:
        before.append(seen[id_])
        seen[id_] += 1
    return before


def encoded_document(instance: Instance, wire: Wire) -> bytes:
    """The instance document; its spaces come from the worker as JSON."""
    text = msgspec.json.encode(document(instance))
    return text if wire.writes != "msgpack" else msgspec.msgpack.encode(msgspec.json.decode(text))


def _raw(value: Raw | UnsetType) -> bytes:
    return b"" if isinstance(value, UnsetType) else bytes(value)


def _drawn(instance: Instance, drawn: Drawn | None, wire: Wire, url: str) -> bytes:
    if drawn is None or drawn.name is None:
        return wire.encode({"error": drawn.error if drawn else "nothing was drawn"})
    path = f"/{instance.instance_id}/rendered/{drawn.name}"
    return wire.encode({"path": path, "url": url + path})


def _observations(fragments: list[bytes | None], wire: Wire) -> bytes:
    """In MessagePack equal arrays come as one; with a failure among them, or in JSON, a list."""
    whole = [fragment for fragment in fragments if fragment is not None]
    if wire.writes == "msgpack" and len(whole) == len(fragments):
        return stacked(whole)
    return wire.list([wire.encode(None) if fragment is None else fragment for fragment in fragments])


def _errors(outcomes: list[Any], ids: tuple[str, ...], wire: Wire) -> bytes:
    failed = {str(i): outcome for i, outcome in enumerate(outcomes) if isinstance(outcome, GymServerError)}
    return wire.encode(
        {index: problem(error, status_of(error), f"/v2/envs/{ids[int(index)]}") for index, error in failed.items()}
    )
