"""From an exception to a response: the one place where the gateway catches `Exception` (DESIGN.md, rule 7)."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateway.replay import was_replayed
from gateway.wire import wants_msgpack
from protocol.errors import (
    BadRequest,
    CallerError,
    DeadlineExceeded,
    EnvironmentFailed,
    Forbidden,
    GymServerError,
    InstanceGone,
    InternalError,
    InvalidAction,
    InvalidField,
    LimitReached,
    MethodNotAllowed,
    MissingField,
    NotFound,
    NotYetSupported,
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

STATUS: dict[type[GymServerError], HTTPStatus] = {
    BadRequest: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    UnknownInstance: HTTPStatus.NOT_FOUND,
    UnknownEnvironment: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    ResetNeeded: HTTPStatus.CONFLICT,
    InstanceGone: HTTPStatus.GONE,
    PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidField: HTTPStatus.UNPROCESSABLE_ENTITY,
    MissingField: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidAction: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unsupported: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotYetSupported: HTTPStatus.NOT_IMPLEMENTED,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    EnvironmentFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
    WorkerCrashed: HTTPStatus.BAD_GATEWAY,
    ShuttingDown: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
}

# What the clients of 2016 get for their own mistakes; the rest as in STATUS.
_V1_ROUTING = (NotFound, MethodNotAllowed, LimitReached, PayloadTooLarge, Unauthorized, Forbidden)
# Everything else speaks as /v1 does: the first API of all has no prefix.
_NOT_V1 = ("/v2", "/docs", "/healthz", "/readyz", "/metrics", "/dashboard", "/scoreboard")

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)


SPEAKS_PROBLEMS = web.AppKey("speaks_problems", bool)
"""Set on an application that is no API of 2016: all its errors are problems."""


@web.middleware
async def errors_as_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever a handler raises is answered in the form of its API version; a bug of ours is logged, not leaked."""
    try:
        return await handler(request)
    except GymServerError as error:
        return respond(request, error)
    except web.HTTPException as error:
        return respond(request, _translated(request, error))
    except Exception as error:  # noqa: BLE001 - this is the place
        return respond(request, as_bug(error, f"{request.method} {request.path}"))


async def without_bugs(work: Awaitable[T], what: str) -> T:
    """The outcome of the work; a bug of ours is an error like any other.

    Raises:
        GymServerError: whatever the work raised, as the caller may know it.
    """
    try:
        return await work
    except GymServerError:
        raise
    except Exception as error:
        raise as_bug(error, what) from error


def as_bug(error: Exception, what: str) -> InternalError:
    """What the caller may know of a bug; the log has the rest."""
    log.error("%s failed", what, exc_info=error)
    return InternalError("the server failed at this request; its log says why")


def respond(request: web.Request, error: GymServerError) -> web.Response:
    """The response that carries the error."""
    status = status_of(error)
    is_v1 = not (request.path.startswith(_NOT_V1) or request.app.get(SPEAKS_PROBLEMS, False))
    if is_v1 and isinstance(error, CallerError) and not isinstance(error, _V1_ROUTING):
        status = HTTPStatus.BAD_REQUEST
    body = v1_body(error) if is_v1 else problem(error, status, request.path)
    if is_v1:
        content, media_type = msgspec.json.encode(body) + b"\n", "application/json"
    elif wants_msgpack(request.headers.get("Accept", "")):
        content, media_type = msgspec.msgpack.encode(body), "application/problem+msgpack"
    else:
        content, media_type = msgspec.json.encode(body) + b"\n", "application/problem+json"
    response = web.Response(status=status, body=content, content_type=media_type)
    if isinstance(error, LimitReached | ShuttingDown):
        response.headers["Retry-After"] = str(error.retry_after_s) if isinstance(error, LimitReached) else "1"
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ",".join(sorted(error.allowed))
    tell_replay(response)
    return response


def tell_replay(response: web.Response) -> None:
    """The response says so if it is a stored one."""
    if was_replayed.get():
        response.headers["Idempotency-Replayed"] = "true"


def status_of(error: GymServerError) -> HTTPStatus:
    """The status of an error in `/v2`."""
    return STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(error: GymServerError, status: HTTPStatus, path: str) -> dict[str, Any]:
    """The error as RFC 9457 has it."""
    body: dict[str, Any] = {
        "type": f"/docs#{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": error.detail,
        "instance": path,
        "code": error.code,
    }
    if error.errors:
        body["errors"] = [msgspec.structs.asdict(field) for field in error.errors]
    if error.crash:
        body["crash"] = msgspec.structs.asdict(error.crash)
    return body


def v1_body(error: GymServerError) -> dict[str, Any]:
    """The error under the keys of both ancestors, in the words that their clients look for."""
    text = error.detail
    if isinstance(error, MissingField):
        text = f"A required request parameter '{error.name}' was not provided"
    elif isinstance(error, InvalidAction):
        text = f"Invalid Action: {error.detail}"
    body: dict[str, Any] = {"message": text, "error": text}
    if error.crash:
        body["crash"] = msgspec.structs.asdict(error.crash)
    return body


def _translated(request: web.Request, error: web.HTTPException) -> GymServerError:
    """aiohttp's own refusals in our words."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = error.allowed_methods
            detail = f"{request.method} does not work on {request.path}; it takes {', '.join(sorted(allowed))}"
            return MethodNotAllowed(detail, allowed=frozenset(allowed))
        case web.HTTPRequestEntityTooLarge():
            return PayloadTooLarge(f"the body is larger than {request.client_max_size} bytes")
        case web.HTTPNotFound():
            return NotFound(f"there is no {request.path:.200} here")
        case web.HTTPClientError():
            return BadRequest(error.reason)
    log.error("unexpected %s at %s", error.status, request.path)
    return InternalError("the server failed at this request; its log says why")
