"""Uploads: an instance's recording becomes an evaluation on the server's own scoreboard."""

import asyncio
import functools
import hmac
from pathlib import Path
from typing import NamedTuple

from gateway.evaluation import Evaluation, evaluate
from gateway.scoreboard import Scoreboard
from protocol.errors import InternalError, InvalidField, MissingField


class Recorded(NamedTuple):
    """An instance that may have recorded something, alive or not."""

    instance_id: str
    env_id: str
    reward_threshold: float | None
    is_recording: bool = False


class Uploads:
    """Takes uploads with one of the operator's `keys`, or with any key where there are none."""

    def __init__(self, scoreboard: Scoreboard, data_dir: Path, keys: tuple[str, ...]) -> None:
        self._scoreboard = scoreboard
        self._data_dir = data_dir
        self._keys = tuple(key.encode() for key in keys)

    async def upload(
        self,
        recorded: Recorded,
        *,
        algorithm_id: str | None,
        writeup: str | None,
        api_key: str | None,
        ignore_open_monitors: bool,
    ) -> Evaluation:
        """The evaluation, on disk by now.

        Raises:
            MissingField: there is no key.
            InvalidField: the key is not one of the operator's, the monitor is still open, or nothing is recorded.
            InternalError: the archive cannot be written; the text says why.
        """
        if not api_key:
            raise MissingField("api_key")
        if self._keys and not any(hmac.compare_digest(key, api_key.encode()) for key in self._keys):
            raise InvalidField.at("$.api_key", "is not one of the keys that this server takes")
        evaluate_it = functools.partial(
            evaluate,
            self._data_dir,
            recorded.instance_id,
            recorded.env_id,
            algorithm_id=algorithm_id or None,
            writeup=writeup or None,
            reward_threshold=recorded.reward_threshold,
            has_open_monitor=recorded.is_recording and not ignore_open_monitors,
        )
        try:
            evaluation = await asyncio.to_thread(evaluate_it)
        except OSError as error:
            raise InternalError(f"the archive cannot be written: {error.strerror}") from error
        await self._scoreboard.add(evaluation, api_key)
        return evaluation
