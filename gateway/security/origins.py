"""Whose pages may ask: those of this server's two ports, and those that the operator has named.

A browser says in `Origin` and `Sec-Fetch-Site` which page a request comes from; other programs say neither.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import web
from multidict import CIMultiDict, istr

from gateway.security.hosts import without_port
from protocol.errors import Forbidden

ORIGIN: Final = istr("Origin")
SITE: Final = istr("Sec-Fetch-Site")
_MODE, _DESTINATION = istr("Sec-Fetch-Mode"), istr("Sec-Fetch-Dest")
_ASKED_METHOD = istr("Access-Control-Request-Method")
_HOST = istr("Host")
_READING = frozenset({"GET", "HEAD"})
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, Range"
_EXPOSED = "Content-Range, ETag, Idempotency-Replayed, Lease, Location, Retry-After"
_PREFLIGHT_S = "600"


class Origins:
    """`allowed` are those of others; `*` among them is everybody's."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(allowed)
        self._ports: set[str] = set()

    def serve_on(self, port: int) -> None:
        """Pages of this port, too, are ours."""
        self._ports.add(str(port))

    def check(self, request: web.Request) -> None:
        """The request comes from a page that may send it, or from no page.

        Raises:
            Forbidden: it does not; the text says which flag would allow it.
        """
        origin = request.headers.get(ORIGIN)
        if origin is not None:
            if not self.allows(request, origin):
                raise Forbidden(
                    f"pages of {origin:.100} may not use this server; start it with --cors-origin {origin:.100} if"
                    " they may"
                )
        elif request.headers.get(SITE) == "cross-site" and not _is_visit(request):
            raise Forbidden("pages of another site may not use this server unless --cors-origin names them")

    def check_strictly(self, request: web.Request) -> None:
        """As `check`, for a GET that changes something: pages of others may not even lead to it.

        Raises:
            Forbidden: as `check`.
        """
        if request.headers.get(ORIGIN) is None and request.headers.get(SITE) in {"cross-site", "same-site"}:
            raise Forbidden("pages of another site may not use this server unless --cors-origin names them")

    def allows(self, request: web.Request, origin: str) -> bool:
        """Whether pages of that origin may ask."""
        if origin in self._allowed or "*" in self._allowed:
            return True
        host = request.host if _HOST in request.headers else ""  # without one, aiohttp would ask the DNS
        if origin == f"{request.scheme}://{host}":
            return True
        site, _, port = origin.rpartition(":")
        return port in self._ports and site == f"{request.scheme}://{without_port(host)}"

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks what a page of another origin may send; None to any other request."""
        if request.method != "OPTIONS" or _ASKED_METHOD not in request.headers:
            return None
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _HEADERS,
                "Access-Control-Max-Age": _PREFLIGHT_S,
            },
        )

    def tell(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        """A page of another origin that may ask may read the answer."""
        origin = request.headers[ORIGIN]
        if self.allows(request, origin):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED
            if origin not in self._allowed and "*" not in self._allowed:
                headers["Access-Control-Allow-Credentials"] = "true"  # cookies of ours come with none but our pages
        headers.add("Vary", "Origin")


def _is_visit(request: web.Request) -> bool:
    """Whether somebody follows a link to a page of ours, which changes nothing and shows the other site nothing."""
    headers = request.headers
    is_navigation = headers.get(_MODE) == "navigate" and headers.get(_DESTINATION, "document") == "document"
    return is_navigation and request.method in _READING
