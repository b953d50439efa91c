"""The contract of `/v2` for programs, as OpenAPI, and for people, as a page to read and try it on."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from gateway.openapi import openapi_document
from gateway.routes import Route
from gateway.static import PAGES, StaticFiles, page


class V2Docs:
    """The handlers; `documented` are the routes to tell of."""

    def __init__(self, documented: Sequence[Route]) -> None:
        self._documented = documented
        self._document: bytes | None = None
        self._static = StaticFiles()
        self._page = (PAGES / "docs.html").read_bytes()

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", "/v2/openapi.json", self.openapi),
            Route("GET", "/docs", self.docs),
            Route("GET", "/pages/{name}", self._static.serve),
        )

    async def docs(self, _request: web.Request) -> web.Response:
        """The page."""
        return page(self._page)

    async def openapi(self, _request: web.Request) -> web.Response:
        """This contract, as OpenAPI 3.1."""
        if self._document is None:
            self._document = msgspec.json.encode(openapi_document([*self._documented, *self.routes()]))
        return web.Response(body=self._document, content_type="application/json")
