"""Commands and replies as MessagePack bytes, and back; strict about types and unknown fields."""

import msgspec

from protocol.errors import FramingError, GymServerError, from_failed
from protocol.framing import LENGTH, MAX_FRAME_BYTES
from protocol.messages import AnyCommand, AnyReply, Failed

_encoder = msgspec.msgpack.Encoder()
_commands: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_replies: msgspec.msgpack.Decoder[AnyReply] = msgspec.msgpack.Decoder(AnyReply)


def encode(message: AnyCommand | AnyReply) -> bytes:
    """The message as the payload of a frame."""
    return _encoder.encode(message)


def encode_frame(message: AnyReply, buffer: bytearray, max_bytes: int) -> bool:
    """Whether the buffer holds the message as a whole frame; not if its payload is longer than `max_bytes`."""
    _encoder.encode_into(message, buffer, LENGTH.size)
    length = len(buffer) - LENGTH.size
    if length > min(max_bytes, MAX_FRAME_BYTES):
        return False
    LENGTH.pack_into(buffer, 0, length)
    return True


def decode_command(payload: bytes | bytearray) -> AnyCommand:
    """The command in a frame.

    Raises:
        FramingError: it is no command of SPEC.md.
    """
    try:
        return _commands.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise FramingError(f"not a command: {error}") from error


def decode_reply(payload: bytes | bytearray) -> AnyReply:
    """The reply in a frame.

    Raises:
        FramingError: it is no reply of SPEC.md.
    """
    try:
        return _replies.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise FramingError(f"not a reply: {error}") from error


def outcome(payload: bytes | bytearray) -> AnyReply | GymServerError:
    """The reply in a frame, or the error that it tells of.

    Raises:
        FramingError: it is no reply of SPEC.md.
    """
    reply = decode_reply(payload)
    return from_failed(reply) if isinstance(reply, Failed) else reply
