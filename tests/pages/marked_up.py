"""Environments that put markup into every text that they can give a page; imported with `--import`."""

import copy
import os
from typing import Any

from gymnasium.envs.registration import EnvSpec

from tests.well import Well, register

MARKUP = """<img src=x onerror="document.title='injected'"><b>&amp;</b>"""


class LeavesWords(Well):
    """Prints, and goes."""

    def misbehave(self) -> None:
        print(MARKUP, flush=True)  # noqa: T201 - what it is for
        os._exit(1)


class RefusesToDraw(Well):
    def render(self) -> Any:
        raise ValueError(MARKUP)


class Renames(Well):
    """Tells another id than the one under which it is registered, where Gymnasium allows no such id."""

    _spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = copy.copy(spec)
        if self._spec:
            self._spec.id = f"{MARKUP}-v0"


register(globals())
