"""The first thing that a request meets on either port, and the last that its answer does: one middleware.

Everything is looked at before a handler runs, a body is read or a socket is accepted. Without tokens that costs two or
three look-ups in the headers; what only browsers send is judged only where it was sent.
"""

from collections.abc import Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import istr

from gateway.config import Config
from gateway.errors import respond
from gateway.routes import Handler, Route
from gateway.security import roles
from gateway.security.caller import Caller, current
from gateway.security.doors import Doors
from gateway.security.hosts import Hosts
from gateway.security.login import Login
from gateway.security.origins import ORIGIN, SITE, Origins
from gateway.security.owners import Owners
from gateway.security.proxies import Proxies
from protocol.errors import GymServerError, Unauthorized, UnknownInstance

_OPEN = frozenset({"/healthz", "/readyz", "/login", "/logout", "/pages/{name}"})
"""What machines ask that hold no token, and what the login's own page needs."""

_FIRST_API = frozenset({"/reset", "/step/{action}", "/info"})
"""What changes something at a GET; its one environment is the server's own, and everybody's."""

_SOCKETS = frozenset({"/v2/ws", "/dashboard/feed"})
_NOSNIFF, _RESOURCE_POLICY = istr("X-Content-Type-Options"), istr("Cross-Origin-Resource-Policy")


class Guard:
    """For both ports of a server; `owners` know whose instances are whose."""

    def __init__(self, config: Config, owners: Owners) -> None:
        told = config.security
        self._hosts = Hosts(config.host, told.allow_hosts)
        self._origins = Origins(told.cors_origins)
        self._proxies = Proxies(told.trusted_proxies) if told.trusted_proxies else None
        self._doors = Doors(told.tokens) if told.tokens else None
        self._owners = owners
        self._has_first_api = config.default_env is not None
        self._cookie_name = f"gym-server-{config.port}"
        self._login = Login(self._doors, self._cookie_name) if self._doors else None

    def serve_on(self, port: int) -> None:
        """Pages of this port, too, are ours."""
        self._origins.serve_on(port)

    def routes(self) -> Sequence[Route]:
        """What it answers itself, on both ports: the login, where there is something to log in to."""
        return self._login.routes() if self._login else ()

    def middleware(self) -> Middleware:
        """To be the outermost of an application."""
        return self._with_tokens if self._doors else self._without_tokens

    async def before_body(self, request: web.Request, response: web.StreamResponse) -> None:
        """A signal's receiver, for answers whose bodies are sent piece by piece: they say to a browser what all say."""
        self._told(request, response)

    @web.middleware
    async def _without_tokens(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._proxies:
            request = self._proxies.seen_through(request)
        try:
            answer: web.StreamResponse | None = self._look(request)
        except GymServerError as error:
            answer = respond(request, error)
        return self._told(request, answer or await handler(request))

    @web.middleware
    async def _with_tokens(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._proxies:
            request = self._proxies.seen_through(request)
        path = _route(request)
        caller = None
        try:
            if answer := self._look(request):
                return self._told(request, answer)
            if path not in _OPEN:
                caller = self._admit(request, path)
        except GymServerError as error:
            return self._told(request, self._refusal(request, error))
        if caller is None or path not in _SOCKETS:
            return self._told(request, await handler(request))
        try:
            return await handler(request)
        finally:
            caller.close_socket()

    def _look(self, request: web.Request) -> web.Response | None:
        """Whether the request is for this server, and not from a page that may not ask; an answer, if that is all."""
        headers = request.headers
        host = headers.get(hdrs.HOST)
        self._hosts.check(request.host if host and self._proxies else host)
        if ORIGIN not in headers and SITE not in headers:
            return None
        self._origins.check(request)
        if self._has_first_api and _route(request) in _FIRST_API:
            self._origins.check_strictly(request)
        return self._origins.preflight(request)

    def _admit(self, request: web.Request, path: str) -> Caller:
        """Who asks, and may; what follows is done in that one's name."""
        assert self._doors  # noqa: S101 - narrows: there are tokens
        caller = self._doors.caller_of(request, self._cookie_name)
        caller.count()
        roles.check(caller.role, path, request.method)
        instance_id = request.match_info.get("instance_id")
        if instance_id is not None and not caller.may_see(self._owners.of(instance_id)):
            raise UnknownInstance(f"Instance_id {instance_id} unknown")
        current.set(None if path in _FIRST_API else caller)
        if path in _SOCKETS:
            caller.open_socket()
        return caller

    def _told(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """The response, which tells a browser to take it for nothing else, and who else may have it."""
        headers = response.headers
        if not response.prepared and _RESOURCE_POLICY not in headers:
            headers[_RESOURCE_POLICY] = "same-site"  # pages of ours show pictures of our other port
            headers[_NOSNIFF] = "nosniff"
            if ORIGIN in request.headers:
                self._origins.tell(request, headers)
        return response

    def _refusal(self, request: web.Request, error: GymServerError) -> web.Response:
        if isinstance(error, Unauthorized):
            is_reading = request.method in {"GET", "HEAD"}
            if self._login and is_reading and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
                return self._login.invitation(request)
            response = respond(request, error)
            response.headers.add(hdrs.WWW_AUTHENTICATE, 'Bearer realm="gym-server"')
            if SITE not in request.headers:  # a browser would open a window of its own
                response.headers.add(hdrs.WWW_AUTHENTICATE, 'Basic realm="gym-server", charset="UTF-8"')
            return response
        return respond(request, error)


def _route(request: web.Request) -> str:
    """The path of the route that answers, as it was written; "" where none does."""
    resource = request.match_info.route.resource
    return resource.canonical.rstrip("/") if resource else ""
