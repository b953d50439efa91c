"""From a message on a socket to what it says; what says nothing is a value as well, as it has to be answered."""

from typing import NamedTuple

import msgspec
from msgspec import Raw

from gateway.body import invalid
from gateway.dialects import v2_messages as said
from gateway.duplicates import refuse_duplicates
from gateway.wire import Wire
from protocol.errors import BadRequest, GymServerError


class Unreadable(NamedTuple):
    """A message that says nothing that can be done, and why."""

    id: Raw
    error: GymServerError


def read_message(data: bytes, wire: Wire) -> said.AnyMessage | Unreadable:
    """What the message says; no bytes stand for one of the wrong kind, text or binary."""
    if not data:
        kind = "binary" if wire.reads == "msgpack" else "text"
        return _unreadable(data, wire, BadRequest(f"this socket speaks {wire.reads}: send {kind} messages"))
    try:
        message = said.decoders[wire.reads].decode(data)
        refuse_duplicates(message, data, wire.reads)
    except msgspec.ValidationError as error:
        return _unreadable(data, wire, invalid(str(error)))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return _unreadable(data, wire, BadRequest(f"the message is not {wire.reads}: {error}"))
    except BadRequest as error:
        return Unreadable(Raw(wire.encode(None)), error)
    return message


def _unreadable(data: bytes, wire: Wire, error: GymServerError) -> Unreadable:
    """With the message's id, if that much of it can be read."""
    decode = msgspec.msgpack.decode if wire.reads == "msgpack" else msgspec.json.decode
    try:
        found = decode(data, type=said.Envelope).id
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = Raw()
    return Unreadable(found if bytes(found) else Raw(wire.encode(None)), error)
