"""What each role may ask for, by route and method."""

from gateway.security.tokens import Role
from protocol.errors import Forbidden

_OF_ADMINS = frozenset({"/metrics", "/v1/shutdown"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DRIVING = frozenset({"/v2/ws", "/reset", "/step/{action}", "/info", "/v1/envs/{instance_id}/action_space/sample"})
"""What drives an environment although its method reads: the socket, and APIs of 2016."""


def check(role: Role, path: str, method: str) -> None:
    """The role may ask that; `path` is that of the route, as it was written, without its last slash.

    Raises:
        Forbidden: it may not.
    """
    if role is Role.ADMIN:
        return
    if path in _OF_ADMINS:
        raise Forbidden(f"{path} is for tokens of the role admin")
    if role is Role.OBSERVE and (method not in _READING or path in _DRIVING):
        raise Forbidden("a token of the role observe only reads")
