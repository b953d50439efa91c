"""The pages' own files: HTML, style sheet, scripts and icon, read once, when the server starts."""

from pathlib import Path

from aiohttp import web

from protocol.errors import NotFound

PAGES = Path(__file__).parent / "pages"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page of ours may do: run our scripts, and show what this very server serves."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page(html: bytes, headers: dict[str, str] | None = None) -> web.Response:
    """The response that is a page of ours; it may not be stored, since it shows a moment."""
    return web.Response(
        body=html,
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Cache-Control": "no-cache",
        }
        | (headers or {}),
    )


class StaticFiles:
    """What the pages load from `/pages/`."""

    def __init__(self) -> None:
        self._files = {
            path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in PAGES.iterdir() if path.suffix in _TYPES
        }

    async def serve(self, request: web.Request) -> web.Response:
        """The file of that name.

        Raises:
            NotFound: no page uses such a file.
        """
        try:
            body, content_type = self._files[request.match_info["name"]]
        except KeyError as error:
            raise NotFound("no page uses such a file") from error
        return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-cache"})
