"""The tokens that an operator has set: who has one, what it allows, and how much of the server it may use.

Of a token itself only a hash is kept. Knows no HTTP.
"""

import hashlib
import re
import stat
from argparse import ArgumentTypeError
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from gateway import quantities

_SHORT = 16
_MAX_BYTES = 4096
_SHA256 = re.compile(r"[0-9a-f]{64}")
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Role(StrEnum):
    """What a token allows."""

    USE = "use"
    """To make environments, and to drive one's own."""

    OBSERVE = "observe"
    """To read."""

    ADMIN = "admin"
    """Everything, with everybody's environments."""


class Quotas(msgspec.Struct, frozen=True):
    """How much one token may use; None: as much as the server has."""

    instances: int | None = None
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    requests_per_s: float | None = None
    sockets: int | None = None


class Token(msgspec.Struct, frozen=True):
    """One of the operator's tokens, under its holder's name.

    `sees` are the names of those whose instances its holder sees; None: everybody's.
    """

    name: str
    role: Role
    sha256: bytes
    quotas: Quotas = Quotas()
    sees: frozenset[str] | None = None
    is_short: bool = False


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A table of the token file, as its operator writes it."""

    token: str | None = None
    sha256: str | None = None
    role: Role = Role.USE
    sees: tuple[str, ...] | None = None
    instances: int | None = None
    memory: str | int | None = None
    disk: str | int | None = None
    requests_per_s: float | None = None
    sockets: int | None = None


def hashed(secret: str) -> bytes:
    """The form in which a token is kept: SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def only_token(secret: str) -> Token | None:
    """The token of a server that has one for everybody, who may then do everything; nothing stands for none."""
    if not secret:
        return None
    if len(secret) > _MAX_BYTES or not secret.isprintable() or secret != secret.strip():
        raise ArgumentTypeError("a token is one line of text, without blanks around it")
    return Token("token", Role.ADMIN, hashed(secret), is_short=len(secret) < _SHORT)


def token_file(path: str) -> tuple[Token, ...]:
    """The tokens in a file of TOML, a table for each: its name, `token` or `sha256`, `role`, and quotas."""
    if not path:
        return ()
    try:
        content = Path(path).read_bytes()
        entries = msgspec.toml.decode(content, type=dict[str, _Entry])
        tokens = tuple(_token(name, entry) for name, entry in entries.items())
    except OSError as error:
        raise ArgumentTypeError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ArgumentTypeError) as error:
        # The message names a place and never a value, which might be a token.
        raise ArgumentTypeError(f"{path}: {error}") from None
    if len({token.sha256 for token in tokens}) < len(tokens):
        raise ArgumentTypeError(f"{path}: two names have the same token")
    return tokens


def is_open_to_others(path: str) -> bool:
    """Whether more than its owner may read the file."""
    return bool(Path(path).stat().st_mode & _READABLE_BY_OTHERS)


def _token(name: str, entry: _Entry) -> Token:
    if not name.isprintable() or not 0 < len(name) <= 64:  # noqa: PLR2004 - what fits into a line of a log
        raise ArgumentTypeError("a name has 1 to 64 printable characters")
    if (entry.token is None) == (entry.sha256 is None):
        raise ArgumentTypeError(f"{name} needs either a token or a sha256")
    if entry.sha256 is not None and not _SHA256.fullmatch(entry.sha256):
        raise ArgumentTypeError(f"sha256 of {name} is not 64 hexadecimal digits")
    only = None if entry.token is None else only_token(entry.token)
    if entry.token is not None and only is None:
        raise ArgumentTypeError(f"the token of {name} is empty")
    return Token(
        name,
        entry.role,
        only.sha256 if only else bytes.fromhex(entry.sha256 or ""),
        Quotas(
            instances=_above_zero(name, entry.instances),
            memory_bytes=_bytes(entry.memory),
            disk_bytes=_bytes(entry.disk),
            requests_per_s=_above_zero(name, entry.requests_per_s),
            sockets=_above_zero(name, entry.sockets),
        ),
        _sees(name, entry),
        only.is_short if only else False,
    )


def _sees(name: str, entry: _Entry) -> frozenset[str] | None:
    """An observer sees everybody's instances unless it is told whose, a user its own and those it is told."""
    if entry.role is Role.ADMIN or (entry.role is Role.OBSERVE and entry.sees is None):
        return None
    return frozenset(entry.sees or ()) | {name}


def _bytes(value: str | int | None) -> int | None:
    return None if value is None else quantities.size(str(value))


def _above_zero(name: str, value: Any) -> Any:
    if value is not None and not value > 0:
        raise ArgumentTypeError(f"a quota of {name} is not above 0")
    return value
