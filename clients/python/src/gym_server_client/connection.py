"""From a transport's name to the transport."""

from typing import assert_never

from gym_server_client.address import Address
from gym_server_client.over_http import HttpTransport
from gym_server_client.over_socket import SocketTransport
from gym_server_client.transport import Patience, Transport, TransportName


def connect(address: Address, name: TransportName, patience: Patience) -> Transport:
    """A transport of that name; it connects with its first call."""
    match name:
        case "websocket-msgpack":
            return SocketTransport(address, patience)
        case "http-msgpack":
            return HttpTransport(address, "msgpack", patience)
        case "http-json":
            return HttpTransport(address, "json", patience)
    assert_never(name)
