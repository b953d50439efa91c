"""The names by which a server lets itself be called: what a browser is told to visit may be another's name for it.

A page of a stranger can give its own name this machine's address, and then read what it finds there (DNS rebinding);
the name in `Host` is still the stranger's. An address in its place is nobody's to give, so those are not names.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence

from protocol.errors import Forbidden

_PORT = re.compile(r":[0-9]*$")
_REMEMBERED = 1024


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches what listens there."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def without_port(host: str) -> str:
    """The name or address in a `Host` header."""
    return _PORT.sub("", host) if not host.endswith("]") else host


class Hosts:
    """`host` is where the server listens, `names` what else it is called; `*` in them is any name."""

    def __init__(self, host: str, names: Sequence[str]) -> None:
        is_everywhere = (address := _address(host)) is not None and address.is_unspecified
        own = socket.gethostname() if is_everywhere else host
        self._names = {name.lower().rstrip(".") for name in ("localhost", own, *names)}
        self._endings = tuple(name[1:] for name in self._names if name.startswith("*."))
        self._takes_all = "*" in self._names
        self._taken: set[str] = set()

    def check(self, header: str | None) -> None:
        """The request is for this server; one without the header comes from no browser.

        Raises:
            Forbidden: it is for another name; the text says with which flag it would be taken.
        """
        if header in self._taken or not header or self._takes_all:
            return
        name = without_port(header).lower().rstrip(".")
        if not (name in self._names or name.endswith(self._endings) or _address(name)):
            raise Forbidden(
                f"this server does not go by the name {name:.100}; start it with --allow-host {name:.100} if it should"
            )
        if len(self._taken) < _REMEMBERED:
            self._taken.add(header)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return None if "%" in host else address  # a zone may be called anything
