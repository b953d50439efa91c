"""From a transport's name to the transport, and what the server tells of an environment before one is made."""

from typing import Any, assert_never

from gym_server_client.errors import RemoteError
from gym_server_client.over_http import HttpTransport
from gym_server_client.over_socket import SocketTransport
from gym_server_client.transport import Patience, Transport, TransportName

_SHOWN_HERE = ("rgb_array", "ansi")


def connect(url: str, name: TransportName, patience: Patience) -> Transport:
    """A transport of that name; it connects with its first call."""
    match name:
        case "websocket-msgpack":
            return SocketTransport(url, patience)
        case "http-msgpack":
            return HttpTransport(url, "msgpack", patience)
        case "http-json":
            return HttpTransport(url, "json", patience)
    assert_never(name)


def render_modes(url: str, env_id: str, patience: Patience) -> list[str]:
    """Those of the environment's modes that a remote one can have; all that there are where the server cannot say."""
    http = HttpTransport(url, "msgpack", patience)
    try:
        entry: Any = http.registered(env_id)
    finally:
        http.close()
    if isinstance(entry, RemoteError) or not entry["makeable"]:
        return list(_SHOWN_HERE)
    return [mode for mode in _SHOWN_HERE if mode in entry["render_modes"]]
