"""The contract of `/v2` as OpenAPI 3.1: from the routes, their table, and the structs that validate requests."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.dialects.v2_contract import ALWAYS, OPERATIONS, Operation
from gateway.dialects.v2_fields import MAX_KEY
from gateway.errors import STATUS
from gateway.evaluation import Evaluation
from gateway.lifecycle import State
from gateway.routes import Route
from gateway.wire import JSON, MSGPACK
from protocol.errors import GymServerError
from protocol.facts import CrashReport

_PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")
_SCHEMA = "#/components/schemas/{name}"
_KEYED = {"POST"}

_INSTANCE_ID = {"type": "string", "pattern": "^[0-9a-f]{8}$"}
_PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "instance_id": _INSTANCE_ID,
    "space": {"enum": ["action_space", "observation_space"]},
}
_QUERY_PARAMETERS: dict[str, dict[str, Any]] = {
    "arrays": {"enum": ["base64"]},
    "state": {"enum": [state.value for state in State]},
    "label": {"type": "string", "pattern": ":"},
    "lease": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    "lease_grace_s": {"type": "number", "minimum": 0, "maximum": 3600},
    "tail": {"type": "integer", "minimum": 0},
    "limit": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
}
_WRITTEN: dict[str, dict[str, Any]] = {
    "Instance": {
        "type": "object",
        "required": ["instance_id", "env_id", "state", "steps", "episodes", "limits", "spaces", "crash"],
        "properties": {
            "instance_id": _INSTANCE_ID,
            "env_id": {"type": "string"},
            "state": {"enum": [state.value for state in State]},
            "pid": {"type": ["integer", "null"]},
            "created_at": {"type": "string", "format": "date-time"},
            "steps": {"type": "integer"},
            "episodes": {"type": "integer"},
        },
    },
    "Space": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}},
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "code"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "code": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "object", "required": ["path", "message"]}},
            "crash": {"$ref": _SCHEMA.format(name="CrashReport")},
        },
    },
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "Where the server was given tokens."},
    "token_as_password": {"type": "http", "scheme": "basic", "description": "The same, in the URL's user part."},
}


def openapi_document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document, of those of the routes that are in the table."""
    bodies = [operation.body for operation in OPERATIONS.values() if operation.body]
    _, schemas = msgspec.json.schema_components([*bodies, CrashReport, Evaluation], ref_template=_SCHEMA)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = openapi_path(route.path)
        operation = OPERATIONS.get((route.method, path))
        if operation:
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, path, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "gym-server",
            "version": "2",
            "description": "Any Gymnasium environment over HTTP, each in a worker process of its own.",
        },
        "paths": paths,
        "components": {"schemas": _WRITTEN | schemas, "securitySchemes": _SCHEMES},
        "security": [{}, *({name: []} for name in _SCHEMES)],
    }


def openapi_path(path: str) -> str:
    """The path of a route without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", path)


def _operation(route: Route, path: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": " ".join((route.handler.__doc__ or "").split()),
        "operationId": f"{route.method.lower()}{re.sub('[^a-z0-9]+', '_', path.lower())}",
        "parameters": _parameters(route, path, operation),
        "responses": {str(operation.status): _answer(operation)} | _problems(operation),
    }
    if operation.body:
        schema = {"$ref": _SCHEMA.format(name=operation.body.__name__)}
        described["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(operation.body)),
            "content": {media_type: {"schema": schema} for media_type in (JSON, MSGPACK)},
        }
    return described


def _parameters(route: Route, path: str, operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS.get(name, {"type": "string"})}
        for name in _PARAMETER.findall(path)
    ]
    found += [
        {"name": name, "in": "query", "schema": _QUERY_PARAMETERS.get(name, {"type": "string"})}
        for name in operation.query
    ]
    if route.method in _KEYED:
        schema = {"type": "string", "minLength": 1, "maxLength": MAX_KEY}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": schema})
    return found


def _answer(operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.media_types:
        answer["content"] = {media_type: {"schema": {}} for media_type in operation.media_types}
    elif operation.answer is not None:
        answer["content"] = {media_type: {"schema": operation.answer} for media_type in (JSON, MSGPACK)}
    return answer


def _problems(operation: Operation) -> dict[str, Any]:
    codes: dict[int, set[str]] = {}
    for error in (*operation.errors, *ALWAYS):
        codes.setdefault(STATUS[error].value, set()).add(_code(error))
    schema = {"schema": {"$ref": _SCHEMA.format(name="Problem")}}
    media_types = ("application/problem+json", "application/problem+msgpack")
    return {
        str(status): {"description": ", ".join(sorted(names)), "content": dict.fromkeys(media_types, schema)}
        for status, names in sorted(codes.items())
    }


def _code(error: type[GymServerError]) -> str:
    return error.code
