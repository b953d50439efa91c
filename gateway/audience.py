"""Who looks at which instance, and the pictures that are drawn for them: none for nobody, at most ten a second."""

import asyncio
from collections import Counter
from collections.abc import Callable

from gateway.instance import Instance
from gateway.lifecycle import State
from protocol.errors import EnvironmentFailed, GymServerError, InternalError
from protocol.messages import Draw

_INTERVAL_S = 0.1
_FOR_VIEWERS = Draw("jpeg", also_png=True)
_DRAWING = frozenset({State.READY, State.BUSY})


class Audience:
    """The viewers of all instances, which `find` knows by their ids.

    A picture is a command of its own, between two of the client's: so the last step before a pause is seen, and a
    viewer who comes during one sees the picture of now.
    """

    def __init__(self, find: Callable[[str], Instance | None]) -> None:
        self._find = find
        self._viewers: Counter[str] = Counter()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def watch(self, instance_id: str) -> None:
        """One viewer more."""
        self._viewers[instance_id] += 1
        if instance_id not in self._tasks:
            self._tasks[instance_id] = asyncio.create_task(self._draw(instance_id))

    def unwatch(self, instance_id: str) -> None:
        """One viewer less."""
        self._viewers[instance_id] -= 1
        if self._viewers[instance_id] <= 0:
            del self._viewers[instance_id]

    async def _draw(self, instance_id: str) -> None:
        """Ends by itself, not by being cancelled: that would cost a worker its life while it draws."""
        drawn: tuple[int, int] | None = None
        try:
            while instance_id in self._viewers:
                instance = self._find(instance_id)
                if instance and can_draw(instance):
                    moment = (instance.statistics.begun, instance.statistics.steps)
                    if moment != drawn:
                        drawn = moment
                        await draw_now(instance)
                await asyncio.sleep(_INTERVAL_S)
        finally:
            del self._tasks[instance_id]


def can_draw(instance: Instance) -> bool:
    """Whether it lives, has a render mode, and has been reset: before that most environments refuse to draw."""
    made = instance.made
    return instance.state in _DRAWING and bool(made and made.render_mode and instance.statistics.begun)


async def draw_now(instance: Instance, command: Draw = _FOR_VIEWERS) -> None:
    """The picture of now is there, or the reason why it could not be drawn; a crash is told to whoever steps next."""
    try:
        await instance.show(command)
    except (EnvironmentFailed, InternalError) as error:
        instance.statistics.picture_error = error.detail.partition("\n")[0]
    except GymServerError:
        pass
    else:
        instance.statistics.picture_error = None
