"""What each route of `/v2` takes and answers, for its OpenAPI document; the fields are those that validate requests."""

from typing import Any, NamedTuple

import msgspec

from gateway.dialects import v2_fields as fields
from protocol.errors import (
    BadRequest,
    DeadlineExceeded,
    EnvironmentFailed,
    Forbidden,
    GymServerError,
    InstanceGone,
    InternalError,
    InvalidAction,
    InvalidField,
    LimitReached,
    NotFound,
    PayloadTooLarge,
    ResetNeeded,
    ShuttingDown,
    Unauthorized,
    UnknownEnvironment,
    UnknownInstance,
    Unsupported,
    UnsupportedMediaType,
    WorkerCrashed,
)

Errors = tuple[type[GymServerError], ...]

_BODY: Errors = (BadRequest, InvalidField, PayloadTooLarge, UnsupportedMediaType)
_INSTANCE: Errors = (UnknownInstance, InstanceGone)
_COMMAND: Errors = (LimitReached, EnvironmentFailed, WorkerCrashed, DeadlineExceeded)
_ANY: Errors = (InternalError, ShuttingDown, Unauthorized, Forbidden, LimitReached)

_ANYTHING: dict[str, Any] = {}
_OBJECT = {"type": "object"}
_BOOLEAN = {"type": "boolean"}
_LIST = {"type": "array"}
_TEXT = {"type": "string"}
_REWARD = {"type": ["number", "string"], "description": 'A number, or "NaN", "Infinity", "-Infinity".'}


def _object(**members: dict[str, Any]) -> dict[str, Any]:
    """An object that always has these members."""
    return {"type": "object", "required": list(members), "properties": members}


_STEP = _object(observation=_ANYTHING, reward=_REWARD, terminated=_BOOLEAN, truncated=_BOOLEAN, info=_OBJECT)
_DOCUMENT = {"$ref": "#/components/schemas/Instance"}
_EVALUATION = {"$ref": "#/components/schemas/Evaluation"}
_MONITOR = _object(is_recording=_BOOLEAN)


class Operation(NamedTuple):
    """One route: the fields of its body, its answer, and the errors that it may have; `query` parameters are texts."""

    errors: Errors
    answer: dict[str, Any] | None = None
    body: type[msgspec.Struct] | None = None
    status: int = 200
    media_types: tuple[str, ...] = ()
    query: tuple[str, ...] = ()


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v2/envs"): Operation(
        (*_BODY, *_COMMAND, UnknownEnvironment, Unsupported),
        {"oneOf": [_DOCUMENT, _object(instances={"type": "array", "items": _DOCUMENT})]},
        fields.CreateFields,
        201,
    ),
    ("GET", "/v2/envs"): Operation(
        (InvalidField,), _object(envs={"type": "array", "items": _DOCUMENT}), query=("label", "state")
    ),
    ("POST", "/v2/step"): Operation(
        _BODY,
        _object(observations=_ANYTHING, rewards=_LIST, terminated=_LIST, truncated=_LIST, infos=_LIST, errors=_OBJECT),
        fields.ManyStepFields,
        query=("arrays",),
    ),
    ("POST", "/v2/reset"): Operation(
        _BODY,
        _object(observations=_ANYTHING, infos=_LIST, errors=_OBJECT),
        fields.ManyResetFields,
        query=("arrays",),
    ),
    ("GET", "/v2/envs/{instance_id}"): Operation(_INSTANCE, _DOCUMENT),
    ("DELETE", "/v2/envs/{instance_id}"): Operation((UnknownInstance,), status=204),
    ("POST", "/v2/envs/{instance_id}/kill"): Operation(
        (*_BODY, *_INSTANCE), {"$ref": "#/components/schemas/CrashReport"}, fields.NoFields
    ),
    ("POST", "/v2/envs/{instance_id}/reset"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND),
        _object(observation=_ANYTHING, info=_OBJECT),
        fields.ResetFields,
        query=("arrays",),
    ),
    ("POST", "/v2/envs/{instance_id}/step"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND, InvalidAction, ResetNeeded),
        {"anyOf": [_STEP, _object(transitions={"type": "array", "items": _STEP})]},
        fields.StepFields,
        query=("arrays",),
    ),
    ("GET", "/v2/envs/{instance_id}/render"): Operation(
        (*_INSTANCE, *_COMMAND, Unsupported), media_types=("image/png", "image/jpeg", "text/plain")
    ),
    ("GET", "/v2/envs/{instance_id}/{space}"): Operation(_INSTANCE, {"$ref": "#/components/schemas/Space"}),
    ("POST", "/v2/envs/{instance_id}/{space}/sample"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND), _object(values=_LIST), fields.SampleFields, query=("arrays",)
    ),
    ("POST", "/v2/envs/{instance_id}/{space}/contains"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND), _object(contains=_BOOLEAN), fields.ContainsFields
    ),
    ("POST", "/v2/envs/{instance_id}/monitor/start"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND), _MONITOR, fields.StartMonitorFields
    ),
    ("POST", "/v2/envs/{instance_id}/monitor/close"): Operation(
        (*_BODY, *_INSTANCE, *_COMMAND), _MONITOR, fields.NoFields
    ),
    ("GET", "/v2/envs/{instance_id}/monitor"): Operation((*_INSTANCE, *_COMMAND), _MONITOR),
    ("POST", "/v2/envs/{instance_id}/fork"): Operation((*_BODY, *_INSTANCE), body=fields.ForkFields, status=501),
    ("GET", "/v2/envs/{instance_id}/logs"): Operation(
        (*_INSTANCE, InvalidField), media_types=("text/plain",), query=("tail",)
    ),
    ("GET", "/v2/envs/{instance_id}/stack"): Operation((*_INSTANCE, Unsupported), media_types=("text/plain",)),
    ("GET", "/v2/envs/{instance_id}/statistics"): Operation(_INSTANCE, _OBJECT),
    ("POST", "/v2/envs/{instance_id}/upload"): Operation((*_BODY, *_INSTANCE), _EVALUATION, fields.UploadFields, 201),
    ("GET", "/v2/scoreboard"): Operation(
        (InvalidField,),
        _object(evaluations={"type": "array", "items": _EVALUATION}, total={"type": "integer"}, environments=_LIST),
        query=("env_id", "algorithm_id", "limit", "offset"),
    ),
    ("GET", "/v2/scoreboard/{evaluation_id}"): Operation((NotFound,), _EVALUATION),
    ("GET", "/v2/registry"): Operation((), _object(environments=_LIST), query=("q",)),
    ("GET", "/v2/registry/{env_id}"): Operation((UnknownEnvironment,), _object(env_id=_TEXT, makeable=_BOOLEAN)),
    ("GET", "/v2/ws"): Operation((BadRequest, InvalidField), status=101, query=("lease", "lease_grace_s", "arrays")),
    ("GET", "/v2/openapi.json"): Operation((), _OBJECT),
}
"""By method and path, as OpenAPI spells it. A test holds this table and the routes together."""

ALWAYS = _ANY
