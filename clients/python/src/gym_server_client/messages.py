"""What both kinds of socket say: where they connect, how a call becomes a message, and a reply its outcome."""

import itertools
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from gym_server_client.address import Address
from gym_server_client.errors import RemoteError, error_of, refusal
from gym_server_client.transport import KEYED, Call, Patience
from gym_server_client.values import pack

SUBPROTOCOL = Subprotocol("gym-server.v2.msgpack")
PAUSES_S = (0.0, 0.05, 0.1, 0.2, 0.5)
"""Between attempts to connect; the last one repeats."""
MAX_BREAKS = 5
"""How often a connection may break without an answer before that is an error."""
OPEN_S, CLOSE_S = 10.0, 1.0
_MAX_STATUS_OK = 299


class Messages:
    """The messages of one client, each with a number and a key of its own, under one lease."""

    def __init__(self, address: Address, patience: Patience) -> None:
        lease = urlencode({"lease": uuid.uuid4().hex, "lease_grace_s": patience.lease_grace_s})
        self.url = f"{address.socket_url}?{lease}"
        self._numbers = itertools.count()
        self._key = uuid.uuid4().hex

    def write(self, made: Call) -> tuple[int, bytes]:
        """The number under which the reply will come, and the message."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "op": made.op}
        if made.op in KEYED:
            message["idempotency_key"] = f"{self._key}-{number}"
        message.update(made.fields)
        return number, pack(message, "msgpack")


def outcome(reply: dict[str, Any]) -> Any:
    """The body, or the `RemoteError` in its place."""
    return reply.get("body") if reply["status"] <= _MAX_STATUS_OK else error_of(reply["problem"])


def refused(answer: InvalidStatus) -> RemoteError | None:
    """Why the server will not have this client; None where it may have it a little later."""
    response = answer.response
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    return refusal(response.status_code, response.headers.get("Content-Type", ""), bytes(response.body))
