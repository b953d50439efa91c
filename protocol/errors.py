"""Everything that can go wrong, as one tree.

    GymServerError
        CallerError             the caller has to change something
            BadRequest              bad_request             the body is no JSON or MessagePack, or no object
            NotFound                not_found               no such route
            MethodNotAllowed        method_not_allowed      the route has other methods
            UnknownInstance         unknown_instance        no such instance, as far as we remember
            UnknownEnvironment      unknown_environment     nothing registered under that id, or not to be made here
            InvalidField            invalid_field           a field is missing, unknown or of the wrong type
                MissingField
            InvalidAction           invalid_action          the action is not in the action space
            Unsupported             unsupported             this environment or server cannot do that
                NotYetSupported                             the contract has it, this version does not
            ResetNeeded             reset_needed            no episode is running
            InstanceGone            instance_gone           closed, or crashed earlier
            PayloadTooLarge         payload_too_large       the body is above the limit
            UnsupportedMediaType    unsupported_media_type  a type we do not speak
            LimitReached            limit_reached           too many instances, or too long a queue
            Unauthorized            unauthorized            the server wants to know who is asking
            Forbidden               forbidden               the operator has not allowed that
        EnvironmentFailed       environment_error       the environment raised; it lives on
        WorkerCrashed           worker_crashed          the worker ended while it ran the command
        DeadlineExceeded        deadline_exceeded       the worker was killed because it took too long
        ShuttingDown            shutting_down           the server is ending
        FramingError            internal_error          a peer on the pipe broke the protocol
        InternalError           internal_error          a bug of ours

The code is the contract with clients; the HTTP status of each is in gateway/errors.py, and nowhere else.
"""

from typing import ClassVar

from protocol.facts import CrashReport
from protocol.messages import Failed, FieldError


class GymServerError(Exception):
    """Base of all errors; `detail` is a sentence that tells the caller what to do."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), crash: CrashReport | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.crash = crash


class CallerError(GymServerError):
    """The caller has to change something."""


class BadRequest(CallerError):
    """The body is no JSON or MessagePack, or no object."""

    code = "bad_request"


class NotFound(CallerError):
    """No such route."""

    code = "not_found"


class MethodNotAllowed(CallerError):
    """The route has other methods, `allowed`."""

    code = "method_not_allowed"

    def __init__(self, detail: str, *, allowed: frozenset[str]) -> None:
        super().__init__(detail)
        self.allowed = allowed


class UnknownInstance(CallerError):
    """No such instance, as far as the server remembers."""

    code = "unknown_instance"


class UnknownEnvironment(CallerError):
    """Nothing is registered under that id, or it cannot be made here."""

    code = "unknown_environment"


class InvalidField(CallerError):
    """A field is missing, unknown or of the wrong type."""

    code = "invalid_field"

    @classmethod
    def at(cls, path: str, message: str) -> "InvalidField":
        """The error for the field at `path`."""
        return InvalidField(f"{path}: {message}", errors=(FieldError(path, message),))


class MissingField(InvalidField):
    """A required field is not there."""

    def __init__(self, name: str) -> None:
        path = f"$.{name}"
        super().__init__(f"{path} is required", errors=(FieldError(path, "is required"),))
        self.name = name


class InvalidAction(CallerError):
    """The action is not in the action space; `path` says where."""

    code = "invalid_action"

    @classmethod
    def at(cls, path: str, message: str) -> "InvalidAction":
        """The error for the part of the action at `path`."""
        return cls(f"{path}: {message}", errors=(FieldError(path, message),))


class Unsupported(CallerError):
    """This environment or this server cannot do that."""

    code = "unsupported"


class NotYetSupported(Unsupported):
    """The contract has it, this version of the server does not."""


class ResetNeeded(CallerError):
    """No episode is running."""

    code = "reset_needed"


class InstanceGone(CallerError):
    """The instance was closed, or crashed earlier; `crash` is its report."""

    code = "instance_gone"


class PayloadTooLarge(CallerError):
    """The body is above the limit."""

    code = "payload_too_large"


class UnsupportedMediaType(CallerError):
    """A content type that this API does not speak."""

    code = "unsupported_media_type"


class LimitReached(CallerError):
    """Too much of something: instances, commands that wait, requests; try again after `retry_after_s`."""

    code = "limit_reached"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unauthorized(CallerError):
    """The server wants to know who is asking: a token is missing, or is not one of the operator's."""

    code = "unauthorized"


class Forbidden(CallerError):
    """The operator has not allowed that."""

    code = "forbidden"


class EnvironmentFailed(GymServerError):
    """The environment's code raised; the instance lives on."""

    code = "environment_error"


class WorkerCrashed(GymServerError):
    """The worker ended while it ran the command; `crash` is the report."""

    code = "worker_crashed"


class DeadlineExceeded(GymServerError):
    """The command took too long and its worker was killed; `crash` is the report."""

    code = "deadline_exceeded"


class ShuttingDown(GymServerError):
    """The server is ending and takes nothing new."""

    code = "shutting_down"


class FramingError(GymServerError):
    """A peer on the pipe broke the protocol."""


class InternalError(GymServerError):
    """A bug of ours."""


_BY_CODE: dict[str, type[GymServerError]] = {
    cls.code: cls
    for cls in (
        BadRequest, UnknownEnvironment, InvalidField, InvalidAction, Unsupported, ResetNeeded, EnvironmentFailed,
        InternalError,
    )
}  # fmt: skip


def from_failed(reply: Failed) -> GymServerError:
    """The exception that a worker's `Failed` stands for."""
    return _BY_CODE.get(reply.code, InternalError)(reply.detail, errors=reply.errors)


def to_failed(error: GymServerError) -> Failed:
    """The reply that carries an exception over the pipe."""
    # A message of an environment's own may be no text at all (a lone surrogate), and has to arrive all the same.
    return Failed(error.code, error.detail.encode("utf-8", "backslashreplace").decode(), error.errors)
