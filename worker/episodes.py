"""Episodes of one environment: when one may be stepped, and what follows its end. Knows no encodings."""

from typing import Any

import gymnasium
import msgspec

from protocol.errors import ResetNeeded
from protocol.messages import Autoreset
from worker.monitor import Monitor


class Taken(msgspec.Struct):
    """What a step came to; `is_reset` if it began an episode instead of going on with one."""

    observation: Any
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]
    is_reset: bool = False


class Episodes:
    """Steps an environment in one of Gymnasium's autoreset modes (gymnasium.vector.AutoresetMode)."""

    def __init__(self, env: gymnasium.Env[Any, Any], autoreset: Autoreset, first_seed: int | None = None) -> None:
        self._env = env
        self._autoreset = autoreset
        self._first_seed = first_seed
        self.monitor: Monitor | None = None
        self.has_begun = False
        self.is_running = False

    def begin(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """The first observation and info of a new episode."""
        if seed is None:
            seed, self._first_seed = self._first_seed, None
        observation, info = self._env.reset(seed=seed, options=options)
        self.has_begun = self.is_running = True
        if self.monitor:
            self.monitor.after_reset(seed)
        return observation, info

    def check_may_step(self, *, is_lenient: bool) -> None:
        """A step makes sense now.

        Raises:
            ResetNeeded: no episode has begun; or it has ended, and nothing begins another. `is_lenient` lets steps go
                beyond an end, unless a monitor records.
        """
        if not self.has_begun:
            raise ResetNeeded("call reset first: no episode has begun")
        may_go_beyond = is_lenient and self.monitor is None
        if not self.is_running and self._autoreset == "disabled" and not may_go_beyond:
            raise ResetNeeded("call reset first: the episode has ended")
        if self.monitor and self.is_running:
            self.monitor.before_step()

    @property
    def goes_on(self) -> bool:
        """Whether another step may follow without a reset by the client."""
        return self.is_running or self._autoreset != "disabled"

    def take(self, action: Any) -> Taken:
        """The action is taken; or, in the mode "next_step" after an end, ignored, and an episode begins."""
        if self._autoreset == "next_step" and not self.is_running:
            observation, info = self.begin()
            return Taken(observation, 0.0, terminated=False, truncated=False, info=info, is_reset=True)
        observation, reward, terminated, truncated, info = self._env.step(action)
        self.is_running = not (terminated or truncated)
        if self.monitor:
            self.monitor.after_step(float(reward), ended=not self.is_running)
        if self._autoreset == "same_step" and not self.is_running:
            final = {"final_observation": observation, "final_info": info}
            observation, info = self.begin()
            info = {**info, **final}
        return Taken(observation, float(reward), bool(terminated), bool(truncated), info)
