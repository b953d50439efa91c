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
    by_path: dict[str, list[Route]] = {}
    for route in routes:
        by_path.setdefault(route.path.rstrip("/"), []).append(route)
    # The router tries its patterns one after the other, so those of every step and every episode come first.
    for path in sorted(by_path, key=lambda path: (not path.endswith("/step"), not path.endswith("/reset"))):
        answer = _options(sorted({method for route in by_path[path] for method in methods_of(route)}))
        for spelling in (path, path + "/") if path else ("/",):
            for route in by_path[path]:
                if route.method == "GET":
                    app.router.add_get(spelling, route.handler)
                else:
                    app.router.add_route(route.method, spelling, route.handler)
            app.router.add_route("OPTIONS", spelling, answer)


def methods_of(route: Route) -> list[str]:
    """What a client may send to the route, in the order in which the first gym-server's help named them."""
    return ["HEAD", "OPTIONS", "GET"] if route.method == "GET" else [route.method, "OPTIONS"]


def _options(allowed: list[str]) -> Handler:
    async def options(_request: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Allow": ",".join(allowed)})

    return options
