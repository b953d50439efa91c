"""Random play on one instance, in batches of as many actions as a moment allows."""

import time
from typing import Any

import msgspec

from gateway.command_line.client import Client, CommandFailed
from gateway.command_line.overview import path_of

_MOMENT_S = 0.1
_MOST_AT_ONCE = 64
_SAMPLED = 256
_ARRAYS = "arrays=base64"  # as nested lists, a picture would take longer to write than to compute


class Episode(msgspec.Struct, frozen=True):
    """One that was played to its end; `total` is its return."""

    steps: int
    total: float = msgspec.field(name="return")
    terminated: bool
    truncated: bool
    elapsed_s: float


class Player:
    """Plays on the instance that a document describes; with a seed the same episodes each time.

    With `renders` each step is drawn, and so taken by itself; `pictures` is then where they are.
    """

    def __init__(self, client: Client, document: dict[str, Any], seed: int | None, *, renders: bool) -> None:
        self.pictures: str | None = None
        self._client = client
        self._path = path_of(document["instance_id"])
        self._limits = document["limits"]
        self._seeded = {} if seed is None else {"seed": seed}  # for the first reset and the first actions alone
        self._renders = renders
        self._at_once = 1
        self._actions = self._sample()

    def episode(self) -> Episode:
        """One more, played to its end.

        Raises:
            CommandFailed: something went wrong with the environment, the server or the way to it.
        """
        began = time.monotonic()
        self._client.post(f"{self._path}/reset?{_ARRAYS}", self._seeded, self._limits["reset_s"])
        self._seeded = {}
        steps, total = 0, 0.0
        while True:
            taken = self._draw_step() if self._renders else self._steps()
            self._actions = self._actions[len(taken) :] or self._sample()
            steps += len(taken)
            total += sum(float(transition["reward"]) for transition in taken)
            terminated, truncated = taken[-1]["terminated"], taken[-1]["truncated"]
            if terminated or truncated:
                return Episode(steps, total, terminated, truncated, time.monotonic() - began)

    def _sample(self) -> list[Any]:
        fields = {"n": _SAMPLED} | self._seeded
        answer = self._client.post(f"{self._path}/action_space/sample?{_ARRAYS}", fields, self._limits["render_s"])
        return list(answer["values"])

    def _steps(self) -> list[dict[str, Any]]:
        """The transitions of some actions, none of them beyond the end of the episode."""
        actions, began = self._actions[: self._at_once], time.monotonic()
        deadline_s = self._limits["step_s"] * len(actions)
        answer = self._client.post(f"{self._path}/step?{_ARRAYS}", {"actions": actions}, deadline_s)
        if time.monotonic() - began < _MOMENT_S:
            self._at_once = min(2 * self._at_once, _MOST_AT_ONCE)
        return list(answer["transitions"])

    def _draw_step(self) -> list[dict[str, Any]]:
        fields = {"action": self._actions[0], "render": True}
        answer = self._client.post(f"{self._path}/step?{_ARRAYS}", fields, self._limits["step_s"])
        if "error" in answer["render"]:
            raise CommandFailed(f"the environment cannot be drawn: {answer['render']['error']}")
        self.pictures = answer["render"]["url"].rpartition("/")[0] + "/"
        return [answer]
