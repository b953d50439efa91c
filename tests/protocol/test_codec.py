"""Messages as bytes: every one comes back as it was, and nothing else is taken for one."""

from collections.abc import Callable
from typing import Any, get_args

import msgpack
import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.errors import FramingError, GymServerError, InternalError, InvalidAction, from_failed, to_failed
from protocol.messages import AnyCommand, AnyReply, Close, Failed, Make, Step
from tests.protocol.space_strategies import DERANDOMISED

COMMANDS: tuple[type[msgspec.Struct], ...] = get_args(AnyCommand)
REPLIES: tuple[type[msgspec.Struct], ...] = get_args(AnyReply)
BOTH: tuple[Callable[[bytes], Any], ...] = (codec.decode_command, codec.decode_reply)
FEW = settings(DERANDOMISED, max_examples=50)
A_STEP = Step((b"1",), reads="json", writes="msgpack")


def decoder(kind: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    """What reads a message of that type."""
    return codec.decode_command if kind in COMMANDS else codec.decode_reply


def encode(message: Any) -> bytes:
    """The message's bytes; one with an integer that MessagePack has no room for is no message."""
    try:
        return codec.encode(message)
    except OverflowError:
        assume(condition=False)
        raise


def as_map(message: Any) -> dict[str, Any]:
    """What the message looks like to somebody who has only MessagePack."""
    fields: dict[str, Any] = msgpack.unpackb(codec.encode(message))
    return fields


@pytest.mark.parametrize("kind", [*COMMANDS, *REPLIES])
@FEW
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    """With whatever is in it, a reward of NaN included, which equals nothing but its own bytes."""
    payload = encode(data.draw(st.from_type(kind)))
    message = decoder(kind)(payload)
    assert codec.encode(message) == payload
    assert type(message) is kind


@pytest.mark.parametrize("kind", [*COMMANDS, *REPLIES])
@FEW
@given(data=st.data())
def test_a_field_that_a_message_does_not_have_is_refused(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    """Neither side may be newer than the other."""
    fields = msgpack.unpackb(encode(data.draw(st.from_type(kind))))
    with pytest.raises(FramingError, match="unknown field `surprise`"):
        decoder(kind)(msgpack.packb(fields | {"surprise": None}))


@pytest.mark.parametrize("kind", [*COMMANDS, *REPLIES])
@FEW
@given(data=st.data())
def test_a_field_of_another_type_is_refused(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    """Each of them; no field takes an object with a member that nobody knows."""
    fields = msgpack.unpackb(encode(data.draw(st.from_type(kind))))
    for field in msgspec.structs.fields(kind):
        with pytest.raises(FramingError):
            decoder(kind)(msgpack.packb(fields | {field.name: {"surprise": 1}}))


@pytest.mark.parametrize("kind", [*COMMANDS, *REPLIES])
@FEW
@given(data=st.data())
def test_a_message_cut_short_is_refused(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    """Wherever it is cut, and also where something follows it."""
    payload = encode(data.draw(st.from_type(kind)))
    for cut in (payload[: data.draw(st.integers(0, len(payload) - 1))], payload + b"\0"):
        with pytest.raises(FramingError):
            decoder(kind)(cut)


@pytest.mark.parametrize("decode", BOTH)
@FEW
@given(payload=st.binary())
def test_garbage_is_refused(decode: Callable[[bytes], Any], payload: bytes) -> None:
    """With the one error that says so."""
    with pytest.raises(FramingError):
        decode(payload)


@pytest.mark.parametrize("decode", BOTH)
@pytest.mark.parametrize("start", [b"", b"\x82\xa2op\xa4step\xa7actions", b"\x82\xa2is\xa8fragment\xa4body"])
@pytest.mark.parametrize("level", [b"\x91", b"\x81\xa1a"], ids=["lists", "maps"])
def test_deep_nesting_is_refused(decode: Callable[[bytes], Any], start: bytes, level: bytes) -> None:
    """Without an end of the stack."""
    with pytest.raises(FramingError):
        decode(start + level * 100_000 + b"\xc0")


def test_a_command_is_no_reply_and_a_reply_no_command() -> None:
    """Their tags have different names."""
    with pytest.raises(FramingError, match=r"^not a reply: "):
        codec.decode_reply(codec.encode(A_STEP))
    with pytest.raises(FramingError, match=r"^not a command: "):
        codec.decode_command(codec.encode(Failed("internal_error", "no")))


def test_a_message_is_a_map_that_leaves_its_defaults_out() -> None:
    """The tag comes first."""
    assert as_map(Close()) == {"op": "close"}
    assert as_map(A_STEP) == {"op": "step", "actions": [b"1"], "reads": "json", "writes": "msgpack"}
    assert codec.decode_command(msgpack.packb({"op": "make", "env_id": "CartPole-v1"})) == Make("CartPole-v1")


def test_an_error_crosses_the_pipe_as_the_same_class() -> None:
    """With its code, its sentence, and the fields that it names."""
    error = from_failed(to_failed(InvalidAction.at("$.action", "7 is not one of 0 to 1")))
    assert type(error) is InvalidAction
    assert error.detail == "$.action: 7 is not one of 0 to 1"
    assert [(fault.path, fault.message) for fault in error.errors] == [("$.action", "7 is not one of 0 to 1")]


def test_an_error_that_nobody_knows_is_a_bug_of_ours() -> None:
    """Rather than an exception of another kind."""
    error: GymServerError = from_failed(Failed("no_such_code", "what"))
    assert type(error) is InternalError
