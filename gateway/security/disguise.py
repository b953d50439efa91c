"""Secrets in the command line and the variables of a process, where every user of the machine could read them."""

from collections.abc import Collection, Sequence

import setproctitle

_MORE_THAN_ALL = 4 * 1024 * 1024


def hide_secrets(arguments: Sequence[str], secret_flags: Collection[str]) -> None:
    """`ps` and `/proc` show the arguments without the values of these flags, and no variables at all.

    The variables lie behind the arguments in the memory that the kernel shows; a title that is as long as both
    overwrites them there, and nowhere else.
    """
    setproctitle.setproctitle(" " * _MORE_THAN_ALL)
    setproctitle.setproctitle(" ".join(("gym-server", *_without_values(arguments, secret_flags))))


def _without_values(arguments: Sequence[str], secret_flags: Collection[str]) -> list[str]:
    shown: list[str] = []
    is_secret = False
    for argument in arguments:
        flag, equals, _ = argument.partition("=")
        is_value, is_secret = is_secret, not is_secret and _abbreviates(flag, secret_flags)
        shown.append("..." if is_value else f"{flag}=..." if is_secret and equals else argument)
        is_secret = is_secret and not equals
    return shown


def _abbreviates(flag: str, flags: Collection[str]) -> bool:
    return len(flag) > len("--") and any(each.startswith(flag) for each in flags)
