"""Gym's monitor: counts the episodes of one environment and films some of them, as the files that Gym wrote.

It is told of each reset and step after it was taken, and draws only in an episode that it films. What fails here is
in `problem`: the step that it watched has succeeded.
"""

import time
from pathlib import Path
from typing import Any

import gymnasium

from protocol.errors import InvalidField, ResetNeeded
from protocol.messages import FieldError
from worker import monitor_files
from worker.files import reason
from worker.monitor_files import MonitorFiles, Results
from worker.recording import Recording

_EVERY_THOUSANDTH = 1000
_NAMED_FILES = 3


class Monitor:
    """Recording begins with the next reset; until then, and beyond an episode's end, no step is allowed.

    An episode counts when it ends, or when a reset cuts it short, as clients with a limit of steps of their own do.
    One that still runs when the monitor closes does not. `video_every` n films every n-th, 0 none, None Gym's
    capped cubic schedule: 0, 1, 8, 27, … and every thousandth.

    Raises:
        InvalidField: older files are in the folder, and neither `force` nor `resume` is set.
    """

    def __init__(
        self, folder: Path, env: gymnasium.Env[Any, Any], *, force: bool, resume: bool, video_every: int | None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder, force=force, resume=resume)
        self._files = MonitorFiles(folder)
        self._env = env
        self._video_every = video_every if env.render_mode else 0
        self._results = Results()
        self._videos: list[tuple[str, str]] = []
        self._recording: Recording | None = None
        self._is_open = True
        self._is_running = False
        self._length = 0
        self._return = 0.0
        self._saving_problem: str | None = None
        self._filming_problem: str | None = None
        self._save()

    @property
    def problem(self) -> str | None:
        """Why the last attempt to write the results, or to film an episode, failed; None if both succeeded."""
        return self._saving_problem or self._filming_problem

    def before_step(self) -> None:
        """A step may be taken.

        Raises:
            ResetNeeded: the monitor has seen no reset yet, or the episode has ended.
        """
        if not self._is_running:
            since = "the episode has ended" if self._results.seeds else "recording begins with a reset"
            raise ResetNeeded(f"call reset first: {since}, and the monitor is recording")

    def after_reset(self, seed: int | None) -> None:
        """An episode runs, and what there was of the one before counts if it had a step."""
        if not self._is_open:
            return
        self._end_film()
        if self._is_running and self._length:
            self._count()
        self._length, self._return = 0, 0.0
        self._is_running = True
        self._results.begin(seed, time.time())
        if is_filmed(len(self._results), self._video_every):
            self._begin_film()

    def after_step(self, reward: float, *, ended: bool) -> None:
        """The step is counted; if the episode ended with it, the files on disk have the episode."""
        if not self._is_running:
            return
        self._length += 1
        self._return += reward
        if self._recording:
            self._recording.capture()
            self._filming_problem = self._recording.problem
        if ended:
            self._is_running = False
            self._end_film()
            self._count()

    def close(self) -> None:
        """The files are whole and stay as they are; closing again writes again what could not be written."""
        if self._is_open:
            self._is_open = self._is_running = False
            self._end_film()
        elif not self._saving_problem:
            return
        self._save()

    def _count(self) -> None:
        self._results.end(self._length, self._return, time.time())
        self._save()

    def _begin_film(self) -> None:
        episode_id = len(self._results)
        recording = Recording(self._env, self._files.folder, self._files.film_stem(episode_id), episode_id)
        names = (recording.name, recording.meta_name)
        if names in self._videos:  # a reset right after a reset: the same episode begins again, and its film too
            self._videos.remove(names)
        if recording.begin():
            self._recording = recording
            self._videos.append(names)
            self._save()
        self._filming_problem = recording.problem

    def _end_film(self) -> None:
        recording, self._recording = self._recording, None
        if recording:
            recording.close()
            self._filming_problem = recording.problem

    def _save(self) -> None:
        spec = self._env.spec
        env_info = {"gym_version": gymnasium.__version__} | ({"env_id": spec.id} if spec else {})
        try:
            self._files.write(self._results, self._videos, env_info)
        except OSError as error:
            self._saving_problem = f"the monitor's results cannot be written: {reason(error)}"
        else:
            self._saving_problem = None


def is_filmed(episode_id: int, video_every: int | None) -> bool:
    """Whether the schedule has a film of this episode."""
    if video_every is not None:
        return video_every > 0 and episode_id % video_every == 0
    if episode_id >= _EVERY_THOUSANDTH:
        return episode_id % _EVERY_THOUSANDTH == 0
    return bool(round(episode_id ** (1 / 3)) ** 3 == episode_id)


def _make_room(folder: Path, *, force: bool, resume: bool) -> None:
    if force:
        monitor_files.delete_all(folder)
    elif not resume and (present := monitor_files.present(folder)):
        named = ", ".join(present[:_NAMED_FILES])
        others = f" and {len(present) - _NAMED_FILES} more" if len(present) > _NAMED_FILES else ""
        message = f"must be set to delete {named}{others}, or resume to keep them"
        raise InvalidField(
            f"results of an earlier monitor are there: {named}{others}; set force to delete or resume to keep them",
            errors=(FieldError("$.force", message),),
        )
