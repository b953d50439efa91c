"""Where the server is and what its gate asks for: the parts of a URL, a token, and whose certificates are trusted."""

import os
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

_SECURE = {"http": False, "ws": False, "https": True, "wss": True}


class Address:
    """A server's address; http and ws are the same to it, and so are https and wss.

    `token` is by default what GYM_SERVER_TOKEN holds. `ca_file`, in PEM, holds the certificates that are trusted
    instead of the system's.

    Raises:
        ValueError: the URL is none of a server, or no header can hold the token.
    """

    def __init__(self, url: str, token: str | None = None, ca_file: str | Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _SECURE or not parts.hostname:
            raise ValueError(f"a server's address is http://host:port or https://host:port, not {url!r}")
        self.is_secure = _SECURE[parts.scheme]
        self.host = parts.hostname
        self.port = parts.port or (443 if self.is_secure else 80)
        self.netloc = parts.netloc
        self.prefix = parts.path.rstrip("/")
        self.headers = _credentials(os.environ.get("GYM_SERVER_TOKEN", "") if token is None else token)
        self.ssl_context = ssl.create_default_context(cafile=ca_file) if self.is_secure else None

    @property
    def socket_url(self) -> str:
        """That of its WebSocket."""
        return f"{'wss' if self.is_secure else 'ws'}://{self.netloc}{self.prefix}/v2/ws"

    def connect(self, timeout_s: float) -> socket.socket:
        """A connection, encrypted where the URL says so, on which no packet waits for another.

        Raises:
            OSError: there is none within the time, or the server's certificate is not to be trusted.
        """
        connection = socket.create_connection((self.host, self.port), timeout_s)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.ssl_context:
                return self.ssl_context.wrap_socket(connection, server_hostname=self.host)
        except BaseException:
            connection.close()
            raise
        return connection


def _credentials(token: str) -> dict[str, str]:
    if not token:
        return {}
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ValueError("the token has characters that no header can hold")
    return {"Authorization": f"Bearer {token}"}
