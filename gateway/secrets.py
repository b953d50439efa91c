"""Variables of the server's environment that workers do not get, told by their names and by passwords in addresses.

Those of this server's own flags are its own business; of all others, what looks like a secret is taken for one.
"""

import re
from collections.abc import Collection, Mapping

_OURS = re.compile(r"GYM_SERVER_|GYM_ENV$")
_SECRET = re.compile(
    r"(^|_)(TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|AUTH|(API|ACCESS|PRIVATE)?KEYS?|DSN|COOKIES?)(_|$)",
    re.IGNORECASE,
)
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def secret_names(variables: Mapping[str, str], kept: Collection[str]) -> list[str]:
    """The names of those that are not handed down; what the operator wants `kept` is."""
    return [
        name
        for name, value in variables.items()
        if _OURS.match(name) or (name not in kept and (_SECRET.search(name) or _PASSWORD_IN_ADDRESS.search(value)))
    ]
