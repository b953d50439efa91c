"""Routes that work with and without their trailing slash, without a redirect, and answer OPTIONS."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(NamedTuple):
    """One method of one path; the path is spelt as its API documents it."""

    method: str
    path: str
    handler: Handler


class Dialect(Protocol):
    """An outside language."""

    def routes(self) -> Sequence[Route]:
        """All that it understands."""
        ...


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Every route is served in both spellings, GET also as HEAD, and OPTIONS names a path's methods."""
    methods: dict[str, list[str]] = {}
    for route in routes:
        path = route.path.rstrip("/")
        methods.setdefault(path, []).extend(methods_of(route))
        for spelling in (path, path + "/"):
            if route.method == "GET":
                app.router.add_get(spelling, route.handler)
            else:
                app.router.add_route(route.method, spelling, route.handler)
    for path, allowed in methods.items():
        answer = _options(sorted(set(allowed)))
        for spelling in (path, path + "/"):
            app.router.add_route("OPTIONS", spelling, answer)


def methods_of(route: Route) -> list[str]:
    """What a client may send to the route, in the order in which the first gym-server's help named them."""
    return ["HEAD", "OPTIONS", "GET"] if route.method == "GET" else [route.method, "OPTIONS"]


def _options(allowed: list[str]) -> Handler:
    async def options(_request: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Allow": ",".join(allowed)})

    return options
