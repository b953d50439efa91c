"""What becomes of a command, for those who wait for it."""

import asyncio
from collections.abc import Callable

from protocol.errors import GymServerError
from protocol.messages import AnyReply

Outcome = AnyReply | GymServerError
Done = Callable[[Outcome], None]


class Replied:
    """The outcome of one command: settled once, awaited once, or by nobody any more."""

    def __init__(self) -> None:
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: Outcome) -> None:
        """This is what became of it."""
        if not self._outcome.done():  # who waited for it has been cancelled
            self._outcome.set_result(outcome)

    async def reply(self) -> AnyReply:
        """The reply, as soon as it is there.

        Raises:
            GymServerError: it is one.
        """
        outcome = await self._outcome
        if isinstance(outcome, GymServerError):
            raise outcome
        return outcome
