"""Bytes that nobody would think of are an answer, not an accident: in frames, bodies, paths, names and tokens."""

import contextlib
import os
import re
import stat
from pathlib import Path
from urllib.parse import quote_from_bytes

import msgpack
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.artifacts.paths import open_beneath, parts_of
from gateway.body import decode_fields
from gateway.dialects import v1_fields, v2_fields
from gateway.security.doors import Doors
from gateway.security.hosts import Hosts
from gateway.security.tokens import Role, only_token
from protocol import codec
from protocol.errors import CallerError, Forbidden, FramingError, NotFound, Unauthorized
from protocol.framing import FrameReader
from protocol.messages import (
    AnyCommand,
    AnyReply,
    Failed,
    Format,
    Fragment,
    Make,
    Reset,
    Sample,
    Step,
    Stepped,
    Transition,
)

FUZZED = settings(deadline=None, database=None, max_examples=300, suppress_health_check=list(HealthCheck))
SECRET = b"what nobody may read"
INSTANCE = "01234567"
RIGHT = "the right one of these tests"

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
messages: list[AnyCommand | AnyReply] = [
    Make("CartPole-v1", kwargs=b"{}"),
    Reset("json", seed=1),
    Step((b"1", b"2"), "json", "msgpack"),
    Sample("action_space", "v1"),
    Failed("environment_error", "it raised", ()),
    Fragment(b"[1, 2]"),
    Stepped((Transition(b"1", 1.0, terminated=True, truncated=False, info=b"{}"),)),
]
"""Of which frames are made that are nearly right."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame's content in which some bytes are others, are missing or are added."""
    frame = bytearray(codec.encode(draw(st.sampled_from(messages))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(frame)))
        frame[start : start + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(frame)


frames = st.binary() | damaged() | values.map(lambda value: msgpack.packb(value, unicode_errors="surrogatepass"))
structs: list[type[msgspec.Struct]] = [
    v2_fields.CreateFields, v2_fields.StepFields, v2_fields.ResetFields, v2_fields.ManyStepFields,
    v2_fields.ManyResetFields, v2_fields.SampleFields, v2_fields.ContainsFields, v2_fields.StartMonitorFields,
    v2_fields.UploadFields, v2_fields.NoFields, v1_fields.CreateFields, v1_fields.StepFields,
    v1_fields.UploadFields, v1_fields.StartMonitorFields,
]  # fmt: skip


@FUZZED
@given(frame=frames)
def test_a_frame_is_a_message_or_breaks_the_protocol(frame: bytes) -> None:
    """In both directions; nothing else is ever raised."""
    for decode in (codec.decode_command, codec.outcome):
        with contextlib.suppress(FramingError):
            decode(frame)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, type[msgspec.Struct], Format]:
    """A body, the fields that are expected in it, and the encoding that it claims; mostly with names that are known."""
    fields = draw(st.sampled_from(structs))
    claimed: Format = draw(st.sampled_from(["json", "msgpack"]))
    names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(fields)] or [""]) | st.text()
    body = draw(st.binary() | st.dictionaries(names, values, max_size=4))
    if isinstance(body, bytes):
        return body, fields, claimed
    return (msgspec.json if claimed == "json" else msgspec.msgpack).encode(body), fields, claimed


@FUZZED
@given(sent=bodies())
def test_a_body_is_read_or_is_the_callers_mistake(sent: tuple[bytes, type[msgspec.Struct], Format]) -> None:
    """For every route, in both encodings."""
    with contextlib.suppress(CallerError):
        decode_fields(*sent)


@FUZZED
@given(sent=st.lists(st.binary(max_size=40), max_size=6), most=st.integers(0, 100))
def test_a_frame_has_the_length_that_it_announces(sent: list[bytes], most: int) -> None:
    """Or is refused; what is set aside for it is never more than what may come."""
    reader = FrameReader(most)
    with contextlib.suppress(FramingError):
        for data in sent:
            room = reader.room()
            room[: len(data)] = data
            whole = reader.took(len(data))
            assert whole is None or len(whole) <= most


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one file to be served, links to one that is not, and that one beside it."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_bytes(SECRET)
    root = outside / "data"
    folder = root / INSTANCE / "rendered"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"picture")
    (folder / "link").symlink_to(outside / "secret")
    (folder / "up").symlink_to("../../..", target_is_directory=True)
    (root / INSTANCE / "secret").write_bytes(SECRET)
    return root


pieces = st.sampled_from(
    [
        INSTANCE, "rendered", "simulation", "logs", "1.png", "link", "up", "secret", "..", ".", "", "%2e%2e", "%2f",
        "%00", "..%2f", "%5c", "\u2025", "a" * 300,
    ]
)  # fmt: skip
paths = st.builds(
    lambda head, parts: head + "/".join(parts),
    st.sampled_from(["/", "//", "", f"/{INSTANCE}/rendered/", f"/{INSTANCE}/rendered/up/"]),
    st.lists(pieces | st.text() | st.binary().map(quote_from_bytes), max_size=6),
)


@FUZZED
@given(path=paths)
@example(f"/{INSTANCE}/rendered/../../../secret")
@example(f"/{INSTANCE}/rendered/%2e%2e/%2e%2e/%2e%2e/secret")
def test_a_path_leads_to_what_is_served_or_nowhere(root: Path, path: str) -> None:
    """Whatever is opened is a file or a folder below the one that may be served."""
    with contextlib.suppress(NotFound):
        fd = open_beneath(root, parts_of(path))
        try:
            found = Path(f"/proc/self/fd/{fd}").readlink()
            assert found.is_relative_to(root / INSTANCE / "rendered")
            assert stat.S_ISDIR(os.fstat(fd).st_mode) or os.read(fd, 100) != SECRET
        finally:
            os.close(fd)


@FUZZED
@given(header=st.text())
def test_a_name_is_ours_or_forbidden(header: str) -> None:
    """No `Host` that can be sent is another kind of error, and none with a letter is taken but localhost and IPv6."""
    with contextlib.suppress(Forbidden):
        Hosts("127.0.0.1", ()).check(header)
        assert header.lower().startswith("localhost") or not re.search("[g-zG-Z]", header)


@FUZZED
@given(guess=st.text())
def test_a_guess_is_a_guess(guess: str) -> None:
    """Whatever characters it has; and the right one is right afterwards."""
    only = only_token(RIGHT)
    assert only
    doors = Doors([only])
    with contextlib.suppress(Unauthorized):
        doors.holder(guess, "192.0.2.1")
        assert guess == RIGHT
    assert doors.holder(RIGHT, "192.0.2.1").role is Role.ADMIN
