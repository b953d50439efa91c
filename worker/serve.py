"""The worker's loop: receive, decode, handle, encode, send.

The only place in a worker that catches `Exception`: whatever an environment raises becomes a reply. What is no
`Exception` (an environment that calls `sys.exit`) ends the process, and the gateway sees that.
"""

import socket
import traceback

from protocol import codec
from protocol.errors import EnvironmentFailed, GymServerError, to_failed
from protocol.framing import MAX_FRAME_BYTES, FrameReader
from protocol.messages import (
    AnyCommand,
    AnyReply,
    Close,
    CloseMonitor,
    Compare,
    Contains,
    Describe,
    DescribeMonitor,
    Done,
    Draw,
    ListRegistry,
    Make,
    Probe,
    Reset,
    Sample,
    StartMonitor,
    Step,
)
from worker.awake import AwakePipe
from worker.faults import FaultLog
from worker.session import Session

_TRACEBACK_LINES = 6


def serve(
    pipe: socket.socket, session: Session, fault_log: FaultLog, max_frame_bytes: int, max_reply_bytes: int
) -> int:
    """Answers every command with one reply, in order; the exit code of the process.

    It is 0 after `Close` or the end of the pipe. An environment that calls `sys.exit` ends the process with its own.
    """
    try:
        _serve(pipe, session, max_frame_bytes, max_reply_bytes)
    except SystemExit as leaving:
        fault_log.record(leaving)
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException as error:
        fault_log.record(error)
        raise
    return 0


def _serve(pipe: socket.socket, session: Session, max_frame_bytes: int, max_reply_bytes: int) -> None:
    reader, reply, awake = FrameReader(max_frame_bytes), bytearray(), AwakePipe(pipe)
    while (payload := _receive(awake, reader)) is not None:
        command = codec.decode_command(payload)
        if not codec.encode_frame(handle(session, command), reply, max_reply_bytes):
            failed = EnvironmentFailed(f"the reply of {len(reply)} bytes is above the limit of {max_reply_bytes}")
            codec.encode_frame(to_failed(failed), reply, MAX_FRAME_BYTES)
        pipe.sendall(reply)
        if isinstance(command, Close):
            return


def handle(session: Session, command: AnyCommand) -> AnyReply:
    """The reply to the command; an error is a reply."""
    try:
        return _dispatch(session, command)
    except GymServerError as error:
        return to_failed(error)
    except Exception as error:  # noqa: BLE001 - rule 7: the worker's loop is where everything is caught
        return to_failed(_environment_failed(error))


def _dispatch(session: Session, command: AnyCommand) -> AnyReply:  # noqa: C901, PLR0911, PLR0912 - one line a command
    match command:
        case Step():
            return session.step(command)
        case Reset():
            return session.reset(command)
        case Make():
            return session.make(command)
        case Draw():
            return session.draw(command)
        case Sample():
            return session.sample(command)
        case Contains():
            return session.contains(command)
        case Describe():
            return session.describe(command)
        case Compare():
            return session.compare(command)
        case ListRegistry():
            return session.list_registry(command)
        case Probe():
            return session.probe(command)
        case StartMonitor():
            session.start_monitor(command)
            return Done()
        case CloseMonitor():
            session.close_monitor()
            return Done()
        case DescribeMonitor():
            return session.describe_monitor()
        case Close():
            session.close()
            return Done()


def _receive(pipe: AwakePipe, reader: FrameReader) -> bytes | bytearray | None:
    """The next frame, or None where the pipe has ended."""
    while number := pipe.recv_into(reader.room(), is_soon=reader.is_soon):
        payload = reader.took(number)
        if payload is not None:
            return payload
    return None


def _environment_failed(error: Exception) -> EnvironmentFailed:
    lines = "".join(traceback.format_exception(error)).splitlines()[-_TRACEBACK_LINES:]
    summary = "".join(traceback.format_exception_only(error)).strip()
    return EnvironmentFailed(f"the environment raised {summary}\n" + "\n".join(lines))
