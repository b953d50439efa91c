"""The errors of this port, all as RFC 9457 has them; the statuses and the form are those of `gateway/errors.py`."""

import msgspec
from aiohttp import web

from gateway.errors import STATUS, Handler, problem
from protocol.errors import GymServerError, LimitReached, MethodNotAllowed, NotFound, ShuttingDown


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a handler or the router refuses is answered as a problem; a bug of ours is left to `gateway/errors.py`."""
    try:
        return await handler(request)
    except GymServerError as error:
        return _respond(request, error)
    except web.HTTPNotFound:
        return _respond(request, NotFound("there is nothing at this path"))
    except web.HTTPMethodNotAllowed as error:
        detail = f"this port is for reading: it takes {', '.join(sorted(error.allowed_methods))}"
        return _respond(request, MethodNotAllowed(detail, allowed=frozenset(error.allowed_methods)))


def _respond(request: web.Request, error: GymServerError) -> web.Response:
    status = STATUS[type(error)]
    body = msgspec.json.encode(problem(error, status, request.path)) + b"\n"
    response = web.Response(status=status, body=body, content_type="application/problem+json")
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ",".join(sorted(error.allowed))
    if isinstance(error, LimitReached | ShuttingDown):
        response.headers["Retry-After"] = "1"
    return response
