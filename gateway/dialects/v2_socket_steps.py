"""Steps on a socket that nothing stands in the way of: begun as they are read, answered as the worker does.

They need no task, and so half of the event loop's rounds that a step would otherwise take.
"""

from collections.abc import Callable
from functools import partial

from msgspec import UNSET, Raw

from gateway.dialects import v2_messages as said
from gateway.dialects.v2_transitions import transition_object
from gateway.errors import problem, status_of
from gateway.instance import Instance
from gateway.replay import Key
from gateway.replied import Outcome
from gateway.wire import Wire
from protocol.errors import GymServerError
from protocol.messages import Step, Stepped


class Steps:
    """Those of one socket; `find` finds its instances, `send` takes the replies."""

    def __init__(self, find: Callable[[str], Instance], wire: Wire, send: Callable[[bytes, int], None]) -> None:
        self._find = find
        self._wire = wire
        self._send = send
        self.running = 0

    def begin(self, message: said.Step, size: int) -> bool:
        """Whether the step runs; where anything is the matter, or in its way, nothing has happened."""
        if message.action is UNSET or message.actions is not UNSET or message.render:
            return False
        try:
            instance = self._find(message.instance_id)
        except GymServerError:
            return False
        wire = self._wire
        assert isinstance(message.action, Raw)  # noqa: S101 - narrows: it is set
        command = Step((bytes(message.action),), wire.reads, wire.writes)
        key = None if message.idempotency_key is None else Key(message.idempotency_key)
        self.running += 1
        if instance.begin(command, key, partial(self._end, bytes(message.id), size)):
            return True
        self.running -= 1
        return False

    def _end(self, message_id: bytes, size: int, outcome: Outcome) -> None:
        self.running -= 1
        self._send(self._reply(message_id, outcome), size)

    def _reply(self, message_id: bytes, outcome: Outcome) -> bytes:
        wire = self._wire
        if isinstance(outcome, Stepped):
            body = transition_object(outcome.transitions[0], wire)
            if wire.writes == "msgpack":
                return b"".join((b"\x83\xa2id", message_id, b"\xa6status\xcc\xc8\xa4body", body))  # 200
            return b"".join((b'{"id":', message_id, b',"status":200,"body":', body, b"}"))
        assert isinstance(outcome, GymServerError)  # noqa: S101 - narrows; SPEC.md: a step is answered by nothing else
        return refusal(message_id, outcome, wire)


def refusal(message_id: bytes, error: GymServerError, wire: Wire) -> bytes:
    """The reply to a message that came to nothing, and why; the id is encoded already."""
    code = status_of(error)
    told = {"status": wire.encode(code.value), "problem": wire.encode(problem(error, code, "/v2/ws"))}
    return wire.object({"id": message_id} | told)
