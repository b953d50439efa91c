"""The ways to the server behind one interface; which of them a program uses changes nothing of what it sees."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

from gymnasium import logger

from gym_server_client.errors import InstanceGone, RemoteError, ServerUnreachable, UnknownInstance
from gym_server_client.values import Encoding

TransportName = Literal["websocket-msgpack", "http-msgpack", "http-json"]


class Call(NamedTuple):
    """An operation of the contract's section on sockets, and its fields."""

    op: str
    fields: dict[str, Any]


class Patience(NamedTuple):
    """How long a transport waits, in seconds: for an answer, for a server that has gone, and for this client."""

    answer_s: float = 600.0
    reconnect_s: float = 10.0
    lease_grace_s: float = 30.0


DEFAULT_PATIENCE = Patience()


class Transport(Protocol):
    """One way to one server."""

    encoding: Encoding

    def call_all(self, calls: Sequence[Call]) -> list[Any]:
        """What became of each call, side by side where the way allows it: a body, or the `RemoteError` in its place.

        A call is sent again after a broken connection, under the same key, so that it happens once.

        Raises:
            ServerUnreachable: there is no answer in time, or the connection cannot be had again.
        """
        ...

    def close(self) -> None:
        """There is no connection."""
        ...


def call(transport: Transport, op: str, **fields: Any) -> Any:
    """The body of the answer.

    Raises:
        RemoteError: what the server answered instead.
    """
    (body,) = succeeded(transport.call_all([Call(op, fields)]))
    return body


def succeeded(outcomes: list[Any]) -> list[Any]:
    """The bodies of calls that all succeeded.

    Raises:
        RemoteError: the first that did not.
    """
    for outcome in outcomes:
        if isinstance(outcome, RemoteError):
            raise outcome
    return outcomes


def close_instances(transport: Transport, instance_ids: Sequence[str]) -> None:
    """The environments and their processes have ended, and there is no connection.

    Those that are gone already are no error. Where the server cannot be reached, a warning says so: it ends them by
    itself when their lease has run out, or for being idle.
    """
    try:
        outcomes = transport.call_all([Call("close", {"instance_id": instance_id}) for instance_id in instance_ids])
    except ServerUnreachable as unreachable:
        logger.warn(f"the server may have to close {', '.join(instance_ids)} by itself: {unreachable.detail}")
        return
    finally:
        transport.close()
    for outcome in outcomes:
        if isinstance(outcome, RemoteError) and not isinstance(outcome, UnknownInstance | InstanceGone):
            raise outcome


KEYED = frozenset({"create", "reset", "step", "step_many", "reset_many"})
"""Operations that change something, and so carry a key by which the server knows one that it has answered already."""
