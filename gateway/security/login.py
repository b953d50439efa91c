"""The page on which a browser shows its token once, and gets a cookie that no script can read and no other site send.

Cookies belong to a host, whatever the port, so one login holds for the API and for the artifacts.
"""

import re
from collections.abc import Sequence
from html import escape
from string import Template

from aiohttp import web

from gateway.routes import Route
from gateway.security.doors import SESSION_S, Doors
from gateway.static import CONTENT_SECURITY_POLICY, PAGES, page
from protocol.errors import GymServerError, PayloadTooLarge, Unauthorized

_PATH = "/login"
_MAX_FORM_BYTES = 16 * 1024
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_POLICY = CONTENT_SECURITY_POLICY.replace("form-action 'none'", "form-action 'self'")
_WELCOME = "This server asks for a token. Whoever runs it has one for you."


class Login:
    """The handlers; `cookie_name` is one that no other server of the same host has."""

    def __init__(self, doors: Doors, cookie_name: str) -> None:
        self._doors = doors
        self._cookie_name = cookie_name
        self._html = Template((PAGES / "login.html").read_text())

    def routes(self) -> Sequence[Route]:
        """All routes."""
        return (
            Route("GET", _PATH, self.show),
            Route("POST", _PATH, self.log_in),
            Route("POST", "/logout", self.log_out),
        )

    async def show(self, request: web.Request) -> web.Response:
        """The page."""
        return self.page(_WELCOME, request.query.get("next", "/"))

    async def log_in(self, request: web.Request) -> web.Response:
        """The browser has its cookie, and goes on to where it wanted to."""
        if (request.content_length or 0) > _MAX_FORM_BYTES:
            raise PayloadTooLarge(f"the form is larger than {_MAX_FORM_BYTES} bytes")
        form = await request.post()
        token, following = (value if isinstance(value := form.get(name), str) else "" for name in ("token", "next"))
        try:
            caller = self._doors.holder(token.strip(), request.remote or "unknown")
        except GymServerError as error:
            return self.page(
                f"{error.detail.capitalize()}.", following, 401 if isinstance(error, Unauthorized) else 429
            )
        response = _see(_local(following))
        response.set_cookie(
            self._cookie_name,
            self._doors.log_in(caller),
            max_age=SESSION_S,
            secure=request.scheme == "https",
            httponly=True,
            samesite="Strict",
        )
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """The cookie is worth nothing, and the browser is without it."""
        self._doors.log_out(request.cookies.get(self._cookie_name, ""))
        response = _see(_PATH)
        response.del_cookie(self._cookie_name, httponly=True, samesite="Strict")
        return response

    def invitation(self, request: web.Request) -> web.Response:
        """The page, in place of one for which somebody has to log in first."""
        return self.page(_WELCOME, request.path_qs, 401)

    def page(self, message: str, following: str, status: int = 200) -> web.Response:
        """The page with a message; after the login it goes on to `following`, if that is ours."""
        html = self._html.substitute(message=escape(message), next=escape(_local(following)))
        response = page(html.encode(), {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
        response.set_status(status)
        return response


def _local(path: str) -> str:
    """The path, if it leads to this very server."""
    return path if _LOCAL.fullmatch(path) else "/"


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})
