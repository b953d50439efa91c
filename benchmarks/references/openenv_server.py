"""OpenEnv's server with one of Gymnasium's environments: the least that its documentation asks of an environment.

python -m benchmarks.references.openenv_server ENV_ID SESSIONS
"""

import socket
import sys
from typing import Any

import uvicorn
from openenv.core.env_server import Action, Environment, Observation, State, create_fastapi_app

from benchmarks.local import make


class Move(Action):
    """A number of a Discrete space."""

    action: int


class Seen(Observation):
    """What the environment observes; reward and end have their places in the base class."""

    observation: list[float]


class Hosted(Environment):
    """The environment that the command line names."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self) -> None:
        super().__init__()
        self._env = make(sys.argv[1])
        self._state = State()

    def reset(self, seed: int | None = None, episode_id: str | None = None, **_kwargs: Any) -> Seen:
        """The first observation of an episode."""
        self._state = State(episode_id=episode_id)
        observation, _ = self._env.reset(seed=seed)
        return Seen(observation=observation.tolist())

    def step(self, action: Move, _timeout_s: float | None = None, **_kwargs: Any) -> Seen:
        """The observation after the action."""
        observation, reward, terminated, truncated, _ = self._env.step(action.action)
        self._state.step_count += 1
        return Seen(observation=observation.tolist(), reward=float(reward), done=terminated or truncated)

    @property
    def state(self) -> State:
        """How far the episode is."""
        return self._state


def main() -> None:
    """Serves on a free port, which it prints."""
    app = create_fastapi_app(Hosted, Move, Seen, max_concurrent_envs=int(sys.argv[2]))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    # A client that waits for its turn runs no loop, and answers no pings. uvloop, which uvicorn would find, is ours:
    # who installs OpenEnv does not get it.
    config = uvicorn.Config(app, loop="asyncio", log_level="warning", access_log=False, ws_ping_interval=None)
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
