"""What the operator has set of who may ask, and what is to be said to that; `gateway/config.py` reads it."""

from argparse import ArgumentTypeError
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from gateway.security.connections import MOST
from gateway.security.hosts import is_loopback
from gateway.security.proxies import Network
from gateway.security.tokens import Token, is_open_to_others

_PORTS = {"http": 80, "https": 443}


class Security(msgspec.Struct, frozen=True):
    """`max_connections` are those of one address; hosts and origins are written as browsers write them."""

    tokens: tuple[Token, ...] = ()
    token_file: str | None = None
    insecure: bool = False
    allow_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    max_connections: int = MOST


def origin(text: str) -> str:
    """An origin, such as https://example.org, or * for all of them."""
    if text == "*":
        return text
    try:
        url = urlsplit(text.lower())
        is_whole = url.scheme in _PORTS and url.hostname and url.path in {"", "/"} and not (url.query or url.username)
        port = url.port
    except ValueError:
        is_whole, port = None, None
    if not is_whole:
        raise ArgumentTypeError(f"{text!r} is not an origin such as https://example.org")
    return f"{url.scheme}://{url.netloc}" if port != _PORTS[url.scheme] else f"{url.scheme}://{url.hostname}"


def path_or_none(text: str) -> Path | None:
    """A file; nothing stands for none."""
    return Path(text) if text else None


def why_not(host: str, security: Security) -> str | None:
    """Why a server with these settings does not start, if so."""
    if is_loopback(host) or security.tokens or security.insecure:
        return None
    return (
        f"not listening on {host} without a token, since whoever reaches it can run environments on this machine."
        " Set one in the variable GYM_SERVER_TOKEN or with --token-file, as in"
        " `GYM_SERVER_TOKEN=$(openssl rand -hex 24)`; or, where nobody else reaches that address, say --insecure"
        " or GYM_SERVER_INSECURE=1"
    )


def warnings(host: str, security: Security) -> list[str]:
    """What an operator should know of these settings."""
    told = []
    if security.insecure and not security.tokens and not is_loopback(host):
        told.append(
            f"whoever reaches {host} can run environments on this machine; to ask for a token, set GYM_SERVER_TOKEN"
        )
    told += [f"the token of {token.name} is short enough to be guessed" for token in security.tokens if token.is_short]
    if security.token_file and is_open_to_others(security.token_file):
        told.append(f"others on this machine can read {security.token_file}")
    if "*" in security.cors_origins and not security.tokens:
        told.append("every page that a browser of this machine shows may use this server, as --cors-origin * says")
    return told
