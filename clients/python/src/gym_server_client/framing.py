"""The WebSocket protocol (RFC 6455) between a stream of bytes and whole messages. Does no input or output itself."""

from collections.abc import Iterator

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import State
from websockets.uri import parse_uri

from gym_server_client.messages import SUBPROTOCOL, refused


class Framing:
    """One connection. What its methods want to be sent is in `outgoing`, until that is taken."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._protocol = ClientProtocol(parse_uri(url), subprotocols=[SUBPROTOCOL], max_size=None)
        self._parts: list[bytes] = []
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        return self._protocol.state is State.OPEN

    @property
    def is_opening(self) -> bool:
        """The server has not answered yet.

        Raises:
            RemoteError: it will not have this client.
            WebSocketException: it cannot have it now, or is no server.
        """
        error = self._protocol.handshake_exc
        if isinstance(error, InvalidStatus) and (refusal := refused(error)):
            raise refusal from error
        if error:
            raise error
        return self._protocol.state is State.CONNECTING

    @property
    def is_over(self) -> bool:
        """The server has said that this was all."""
        return self._protocol.close_rcvd is not None

    def outgoing(self) -> list[bytes]:
        """What is to be sent; it is not told twice."""
        return self._protocol.data_to_send()

    def write(self, message: bytes) -> None:
        """The message is to be sent."""
        self._protocol.send_binary(message)

    def close(self) -> None:
        """The server is to be told that this was all."""
        if self.is_open:
            self._protocol.send_close()

    def read(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole with these bytes."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._parts.append(bytes(event.data))
                if event.fin:  # a message may come in several frames (5.4)
                    yield self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
                    self._parts.clear()

    def end(self) -> ConnectionClosed:
        """Why there is no connection any more; nothing comes after this."""
        self._protocol.receive_eof()
        return self._protocol.close_exc
