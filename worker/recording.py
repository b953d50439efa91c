"""One episode's film and its description; whatever fails here is a reason to report, never an exception."""

import contextlib
from pathlib import Path
from typing import Any

import gymnasium
import msgspec

from worker.asciicast import Asciicast
from worker.files import reason, replace_bytes
from worker.video import Video


class Recording:
    """The files `<stem>.mp4`, or `.json` where the environment draws text, and `<stem>.meta.json` in the folder.

    `problem` is why the film has no more pictures, or None.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], folder: Path, stem: str, episode_id: int) -> None:
        kind = Asciicast if (env.render_mode or "").startswith("ansi") else Video
        self.name = stem + kind.suffix
        self.meta_name = f"{stem}.meta.json"
        self.problem: str | None = None
        self._env = env
        self._folder = folder
        self._episode_id = episode_id
        self._film = kind(folder / self.name, env.metadata.get("render_fps"))
        self._last: Any = None

    def begin(self) -> bool:
        """The first picture and the description are there; False, and no file, where that failed."""
        self.capture()
        if not self.problem:
            self._describe()
        if not self.problem:
            return True
        for name in (self.name, self.meta_name):
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
        return False

    def capture(self) -> None:
        """The environment as it looks now is the film's next picture, unless there is a problem."""
        if self.problem:
            return
        try:
            self._film.add(self._look())
        except Exception as error:  # noqa: BLE001 - the step has succeeded, whatever drawing or writing raised
            self._fail(error)

    def close(self) -> None:
        """The film is whole, or described as broken."""
        if not self.problem:
            try:
                self._film.close()
            except Exception as error:  # noqa: BLE001 - as in `capture`
                self._fail(error)
        if self.problem:
            self._describe()

    def _look(self) -> Any:
        """One picture a step: the last where the environment keeps several, the one before where it has no new one."""
        picture = self._env.render()
        if isinstance(picture, list):
            picture = picture[-1] if picture else self._last
        if picture is None:
            raise ValueError("the environment drew nothing")
        self._last = picture
        return picture

    def _describe(self) -> None:
        description = {
            "episode_id": self._episode_id,
            "content_type": self._film.content_type,
            "encoder_version": self._film.version(),
        }
        if self.problem:
            description |= {"broken": True, "problem": self.problem}
        try:
            replace_bytes(self._folder / self.meta_name, msgspec.json.encode(description))
        except OSError as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.problem = self.problem or f"the film of episode {self._episode_id} ends early: {reason(error)}"
        # What it raises now follows from the error before.
        with contextlib.suppress(Exception):
            self._film.close()
