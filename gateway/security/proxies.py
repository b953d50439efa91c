"""What a proxy that the operator trusts tells of a request: from whom, to which name, and whether over TLS.

Anybody can send `X-Forwarded-*`, so it counts only where the connection comes from such a proxy.
"""

import ipaddress
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """An address, or a network such as 10.0.0.0/8."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither an address nor a network such as 10.0.0.0/8") from None


class Proxies:
    """The proxies of these networks are believed."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def seen_through(self, request: web.Request) -> web.Request:
        """The request as it reached the outermost of the trusted proxies; any other as it came."""
        if not self.trusts(request.remote):
            return request
        told: dict[str, Any] = {}
        if remote := self._client(request):
            told["remote"] = remote
        if (scheme := _last(request, "X-Forwarded-Proto").lower()) in {"http", "https"}:
            told["scheme"] = scheme
        if host := _last(request, "X-Forwarded-Host"):
            told["host"] = host
        return request.clone(**told) if told else request

    def trusts(self, address: str | None) -> bool:
        """Whether a proxy is at that address."""
        try:
            found = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def _client(self, request: web.Request) -> str | None:
        """The last address listed that is no trusted proxy's; what stands before it, anybody may have written."""
        listed = [part.strip() for value in request.headers.getall("X-Forwarded-For", ()) for part in value.split(",")]
        for address in reversed(listed):
            if not self.trusts(address):
                return address
        return listed[0] if listed else None


def _last(request: web.Request, name: str) -> str:
    """What the nearest proxy has added."""
    values = request.headers.getall(name, ())
    return values[-1].rpartition(",")[2].strip() if values else ""
