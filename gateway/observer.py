"""What is told to those who count: metrics today. Nobody here can delay or change a command."""

from typing import Protocol

from protocol.facts import Cause


class Observer(Protocol):
    """Is told of each command and crash, after the fact; must not raise."""

    def command_ended(self, op: str, outcome: str, elapsed_s: float) -> None:
        """A command has had its reply, or has failed; `outcome` is "ok" or the code of its error."""
        ...

    def crashed(self, cause: Cause) -> None:
        """A worker has ended without being asked to."""
        ...
