"""SPEC.md and messages.py say the same: every message, field, type, default and word, read from the tables."""

import json
import re
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgpack
import msgspec
import numpy as np
import pytest
from gymnasium import spaces

from protocol import codec, errors, messages
from protocol.arrays import sent_dtype
from protocol.messages import AnyCommand, AnyReply, Done, Message
from protocol.spaces import describe
from protocol.values import write
from worker.session import Session

TEXT = (Path(messages.__file__).parent / "SPEC.md").read_text()
COMMANDS: tuple[type[Message], ...] = get_args(AnyCommand)
REPLIES: tuple[type[Message], ...] = get_args(AnyReply)
PARTS = (messages.Wrapper, messages.Transition, messages.Drawn, messages.FieldError)
WORDS = {name: get_args(value) for name, value in vars(messages).items() if get_origin(value) is Literal}
ONE = spaces.Discrete(2)
EACH: tuple[spaces.Space[Any], ...] = (
    ONE, spaces.Box(0, 1), spaces.MultiBinary(2), spaces.MultiDiscrete([2]), spaces.Text(2), spaces.Dict(a=ONE),
    spaces.Tuple([ONE]), spaces.OneOf([ONE]), spaces.Sequence(ONE), spaces.Graph(ONE, None),
)  # fmt: skip
SCALARS = {str: "str", bytes: "bin", int: "int", float: "float", bool: "bool", types.NoneType: "nil"}


def sections(title: str) -> dict[str, str]:
    """The parts of a chapter, by the first line of each."""
    (chapter,) = re.findall(rf"^## {title}$(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^### (.*?)$(.*?)(?=^### |\Z)", chapter, re.MULTILINE | re.DOTALL))


def rows(section: str, header: str) -> list[list[str]]:
    """The cells of the table with that header, without quotes where all of one is code; none if there is no table."""
    found = re.search(rf"^\| {header} \|.*?\n\|[-|]+\|\n((?:\|.*\n)*)", section, re.MULTILINE)
    lines = found[1].splitlines() if found else []
    return [[re.sub(r"^`([^`]*)`$", r"\1", cell.strip()) for cell in line.strip("|").split("|")] for line in lines]


def tag(kind: type[Message]) -> str:
    """The name of a command or reply on the pipe."""
    return str(kind.__struct_config__.tag)


def in_words(kind: Any) -> str:
    """A type as the document writes it."""
    named = [name for name, value in vars(messages).items() if value == kind]
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(map(in_words, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"[{in_words(get_args(kind)[0])}]"
    return SCALARS.get(kind) or named[0]


def default_in_words(field: msgspec.structs.FieldInfo) -> str:
    """A default as the document writes it."""
    if field.required:
        return "required"
    match field.default:
        case None | () | b"" | False as default:
            return {None: "nil", (): "[]", b"": "empty", False: "false"}[default]
        case default:
            return json.dumps(default)


def test_the_commands_are_those_of_the_document() -> None:
    """In the same order, each with the reply that the session gives it."""
    told = dict(re.findall(r"`(\w+)` → `(\w+)`", "\n".join(sections("Commands"))))
    replies = [get_type_hints(getattr(Session, tag(command)))["return"] for command in COMMANDS]
    assert list(told.items()) == [
        (tag(command), tag(Done if reply is types.NoneType else reply))
        for command, reply in zip(COMMANDS, replies, strict=True)
    ]
    assert len(told) == len(sections("Commands"))


def test_the_replies_are_those_of_the_document() -> None:
    """In the same order."""
    assert list(sections("Replies")) == [f"`{tag(reply)}`" for reply in REPLIES]


@pytest.mark.parametrize("kind", [*COMMANDS, *REPLIES, *PARTS])
def test_the_fields_are_those_of_the_document(kind: type[Message]) -> None:
    """Each with its type, its default and a meaning."""
    chapter = "Commands" if kind in COMMANDS else "Replies" if kind in REPLIES else "Parts"
    name = tag(kind) if kind not in PARTS else kind.__name__
    (section,) = (text for title, text in sections(chapter).items() if title.startswith(f"`{name}`"))
    told = rows(section, "field")
    assert [row[:3] for row in told] == [
        [field.name, in_words(field.type), default_in_words(field)] for field in msgspec.structs.fields(kind)
    ]
    assert all(row[3] for row in told)


def test_nothing_else_crosses_the_pipe() -> None:
    """Every struct of messages.py has its place in the document."""
    structs = {value for value in vars(messages).values() if isinstance(value, type) and issubclass(value, Message)}
    assert structs - {Message, messages.Command, messages.Reply} == {*COMMANDS, *REPLIES, *PARTS}
    assert set(sections("Parts")) == {f"`{part.__name__}`" for part in PARTS}


def test_the_words_are_those_of_the_document() -> None:
    """Each with a meaning."""
    told = {title.strip("`"): [row[0] for row in rows(text, "word")] for title, text in sections("Words").items()}
    assert told == {name: list(words) for name, words in WORDS.items()}


def test_the_codes_are_those_of_the_document() -> None:
    """All that a worker's failure can be on the other side."""
    assert [row[0] for row in rows(sections("Replies")["`failed`"], "code")] == list(errors._BY_CODE)


def test_the_array_in_the_document_is_the_one_on_the_wire() -> None:
    """Byte by byte."""
    example = re.search(r"^    c7 .*?(?=\n\n)", TEXT, re.MULTILINE | re.DOTALL)
    assert example
    told = bytes.fromhex("".join(re.findall(r"^ +((?:[0-9a-f]{2} ?)+)", example[0], re.MULTILINE)))
    assert told == write(np.array([1, 2], np.float32), "msgpack")


def test_the_dtypes_are_those_of_the_document() -> None:
    """What is sent, and what is read."""
    (sentence,) = re.findall(r"^`dtype` is one of (.*?)\.", TEXT, re.MULTILINE | re.DOTALL)
    told = re.findall(r"`(.+?)`", sentence)
    assert len(told) == len(set(told))
    for dtype in told:
        assert sent_dtype(np.dtype(dtype)) == np.dtype(dtype)
    assert {dtype.str for code in np.typecodes["All"] if (dtype := sent_dtype(np.dtype(code))) is not None} == set(told)


def test_the_spaces_are_those_of_the_document() -> None:
    """Each with its members, in order."""
    told = {}
    for types_told, members in rows(TEXT, "`type`"):
        for name in types_told.split(", "):
            told[name.strip("`")] = ["type", *re.findall(r"`(\w+)`", members.replace("`sort_keys=False`", ""))]
    assert told == {type(space).__name__: list(describe(space)) for space in EACH}


def test_a_message_is_what_the_document_says() -> None:
    """A map with strings for keys, the name first, without its defaults."""
    assert codec.encode(messages.Failed("bad_request", "no")) == msgpack.packb(
        {"is": "failed", "code": "bad_request", "detail": "no"}
    )
