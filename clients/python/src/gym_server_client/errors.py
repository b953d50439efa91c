"""What the server answers instead of a result, as the exceptions that users of Gymnasium catch.

RemoteError                 gymnasium.error.Error
ResetNeeded                 reset_needed            also gymnasium.error.ResetNeeded
InvalidAction               invalid_action          also gymnasium.error.InvalidAction
UnknownEnvironment          unknown_environment     also gymnasium.error.UnregisteredEnv
Unsupported                 unsupported             also gymnasium.error.UnsupportedMode
InvalidField                invalid_field           also ValueError
BadRequest                  bad_request
UnknownInstance             unknown_instance        the server has been restarted, or forgot it
InstanceGone                instance_gone           closed, or crashed earlier; with the report
LimitReached                limit_reached
EnvironmentFailed           environment_error       the environment's code raised; the instance lives on
WorkerCrashed               worker_crashed          with the report
DeadlineExceeded            deadline_exceeded       with the report
Unauthorized, Forbidden     unauthorized, forbidden the server wants a token, or will not have that of this program
ShuttingDown                shutting_down
ServerUnreachable           unreachable             no answer; the one code that is the client's own
"""

from collections.abc import Mapping
from typing import Any

from gymnasium import error

from gym_server_client.values import unpack


class RemoteError(error.Error):
    """Base of all errors; made of the problem that the server answered (RFC 9457).

    `code` is the contract, `detail` a sentence; `crash` is the report of a worker's end, or None.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        super().__init__(dict(problem))
        self.problem = dict(problem)
        self.code = str(problem.get("code", "internal_error"))
        self.status: int | None = problem.get("status")
        self.detail = str(problem.get("detail", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors", ()))
        self.crash: dict[str, Any] | None = problem.get("crash")

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class ResetNeeded(RemoteError, error.ResetNeeded):
    """No episode is running."""


class InvalidAction(RemoteError, error.InvalidAction):
    """The action is not in the action space; `errors` says where."""


class UnknownEnvironment(RemoteError, error.UnregisteredEnv):
    """The server has no environment of that id, or cannot make it."""


class Unsupported(RemoteError, error.UnsupportedMode):
    """This environment or this server cannot do that."""


class InvalidField(RemoteError, ValueError):
    """An argument is not what the server takes; `errors` says where."""


class BadRequest(RemoteError):
    """The server could not read the request."""


class UnknownInstance(RemoteError):
    """The server does not know the instance: it has been restarted, or closed the instance too long ago."""


class InstanceGone(RemoteError):
    """The instance was closed, or has crashed and not been reset; `crash` is the report."""


class LimitReached(RemoteError):
    """The server has too many instances, or too much to do; try again later."""


class EnvironmentFailed(RemoteError):
    """The environment's own code raised; its instance lives on."""


class WorkerCrashed(RemoteError):
    """The worker ended while it ran the command; `crash` is the report."""


class DeadlineExceeded(RemoteError):
    """The command took too long and its worker was killed; `crash` is the report."""


class Unauthorized(RemoteError):
    """The server wants a token, and this one has none or one that it does not know."""


class Forbidden(RemoteError):
    """The server knows the token, which does not allow that."""


class ShuttingDown(RemoteError):
    """The server is ending and takes nothing new."""


class ServerUnreachable(RemoteError):
    """The server gave no answer in time; what was asked for may or may not have happened."""

    def __init__(self, problem: Mapping[str, Any] | str) -> None:
        super().__init__({"code": "unreachable", "detail": problem} if isinstance(problem, str) else problem)


_BY_CODE: dict[str, type[RemoteError]] = {
    "reset_needed": ResetNeeded,
    "invalid_action": InvalidAction,
    "unknown_environment": UnknownEnvironment,
    "unsupported": Unsupported,
    "invalid_field": InvalidField,
    "bad_request": BadRequest,
    "unknown_instance": UnknownInstance,
    "instance_gone": InstanceGone,
    "limit_reached": LimitReached,
    "environment_error": EnvironmentFailed,
    "worker_crashed": WorkerCrashed,
    "deadline_exceeded": DeadlineExceeded,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "shutting_down": ShuttingDown,
}


def error_of(problem: Mapping[str, Any]) -> RemoteError:
    """The exception for a problem; a code that is unknown here gives the base class."""
    return _BY_CODE.get(str(problem.get("code")), RemoteError)(problem)


def refusal(status: int, content_type: str, content: bytes) -> RemoteError:
    """The exception for an answer of HTTP; what stands between may answer something else than a problem."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type.startswith("application/problem+"):
        text = content[:200].decode(errors="replace")
        return RemoteError({"code": "internal_error", "status": status, "detail": text})
    return error_of(unpack(content, "msgpack" if media_type.endswith("msgpack") else "json"))


def too_large() -> RemoteError:
    """The error for a message that made the server close the socket."""
    detail = "the server takes no message as large as this one (--max-message-bytes)"
    return RemoteError({"code": "payload_too_large", "detail": detail})


def is_crash(error: RemoteError) -> bool:
    """Whether the instance has lost its worker, which a reset replaces where `on_crash` is "restart"."""
    return isinstance(error, WorkerCrashed | DeadlineExceeded | InstanceGone) and error.crash is not None
