"""Who a request comes from, by what it shows: a token in its `Authorization`, or the cookie of somebody logged in.

Secrets are looked up by their hash under a key that is made anew at every start, so how long a look-up takes tells
nothing about how much of a guess was right.
"""

import base64
import binascii
import hashlib
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable

from aiohttp import hdrs, web

from gateway.security.caller import Caller
from gateway.security.rates import Failures
from gateway.security.tokens import Token, hashed
from protocol.errors import LimitReached, Unauthorized

SESSION_S = 7 * 24 * 3600
_MAX_SESSIONS = 10_000
_MAX_SHOWN = 1000
_WRONG_PER_S, _WRONG_AT_ONCE = 1.0, 100
_NOBODY = "unknown"


class Doors:
    """The tokens of a server, and those who have logged in with one of them."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._keyed = hashlib.blake2b(key=secrets.token_bytes(32), digest_size=32)
        self._callers = {self._digest(token.sha256): Caller(token) for token in tokens}
        self._shown: dict[bytes, Caller] = {}  # by what their clients have sent before, so that it is read but once
        self._sessions: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._failures = Failures(_WRONG_PER_S, _WRONG_AT_ONCE)

    def caller_of(self, request: web.Request, cookie_name: str) -> Caller:
        """Who asks.

        Raises:
            Unauthorized: nobody that is known.
            LimitReached: the same address has tried too many wrong tokens.
        """
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header is not None:
            return self._shower(header, request)
        cookie = request.cookies.get(cookie_name)
        if cookie is None:
            raise Unauthorized("this server asks for a token: send it as `Authorization: Bearer <token>`")
        return self._visitor(cookie)

    def holder(self, secret: str | None, address: str) -> Caller:
        """The holder of a token that has come from that address.

        Raises:
            Unauthorized: it is none of this server's.
            LimitReached: too many wrong ones have come from there, and none is looked at for a while.
        """
        now = time.monotonic()
        if wait_s := self._failures.wait_s(address, now):
            raise LimitReached("too many wrong tokens have come from this address", retry_after_s=math.ceil(wait_s))
        caller = self._callers.get(self._digest(hashed(secret))) if secret else None
        if caller is None:
            self._failures.count(address, now)
            raise Unauthorized("this is no token of this server")
        return caller

    def log_in(self, caller: Caller) -> str:
        """The value of a cookie that stands for the caller from now on."""
        value = secrets.token_urlsafe(32)
        self._sessions[self._digest(value.encode())] = (caller, time.monotonic() + SESSION_S)
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return value

    def log_out(self, cookie: str) -> None:
        """The cookie stands for nobody."""
        self._sessions.pop(self._digest(cookie.encode("utf-8", "surrogateescape")), None)

    def _shower(self, header: str, request: web.Request) -> Caller:
        digest = self._digest(header.encode("utf-8", "surrogateescape"))
        caller = self._shown.get(digest)
        if caller is None:
            caller = self.holder(_secret_in(header), request.remote or _NOBODY)
            if len(self._shown) < _MAX_SHOWN:
                self._shown[digest] = caller
        return caller

    def _visitor(self, cookie: str) -> Caller:
        digest = self._digest(cookie.encode("utf-8", "surrogateescape"))
        caller, until = self._sessions.get(digest, (None, 0.0))
        if caller is None or time.monotonic() > until:
            self._sessions.pop(digest, None)
            raise Unauthorized("the login has expired: log in again")
        return caller

    def _digest(self, value: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(value)
        return keyed.digest()


def _secret_in(header: str) -> str | None:
    """The token of an `Authorization` header; in Basic it is the password, or the user's name without one."""
    scheme, _, value = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return password or user
    return None
