"""Uploads: an instance's recording becomes an evaluation on the server's own scoreboard."""

import asyncio
import functools
import hmac
import logging
import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.archive import remove_archive
from gateway.creations import Creations
from gateway.evaluation import Evaluation, Forwarded, evaluate
from gateway.forwarding import Forwarder
from gateway.scoreboard import Scoreboard
from protocol.errors import InternalError, InvalidField, MissingField

log = logging.getLogger(__name__)


class Recorded(NamedTuple):
    """An instance that may have recorded something, alive or not."""

    instance_id: str
    env_id: str
    reward_threshold: float | None
    is_recording: bool = False


class Uploads:
    """Takes uploads with one of the operator's `keys`, or with any key where there are none."""

    def __init__(
        self, scoreboard: Scoreboard, data_dir: Path, keys: tuple[str, ...], forwarder: Forwarder | None = None
    ) -> None:
        self._scoreboard = scoreboard
        self._data_dir = data_dir
        self._keys = tuple(key.encode() for key in keys)
        self._forwarder = forwarder
        self.creations: Creations[Evaluation] = Creations()

    async def upload(
        self,
        recorded: Recorded,
        *,
        algorithm_id: str | None,
        writeup: str | None,
        api_key: str | None,
        ignore_open_monitors: bool,
    ) -> Evaluation:
        """The evaluation, on disk by now; it is forwarded later, if at all.

        Raises:
            MissingField: there is no key.
            InvalidField: the key is not one of the operator's, the monitor is still open, or nothing is recorded.
            InternalError: the archive or the evaluation cannot be written; the text says why.
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
            log.error("%s: its archive cannot be written: %s", recorded.instance_id, error)  # noqa: TRY400 - the operator needs the reason, not our stack
            raise InternalError(f"the archive cannot be written: {os.strerror(error.errno or 0)}") from error
        return await self._add(evaluation, api_key)

    async def _add(self, evaluation: Evaluation, api_key: str) -> Evaluation:
        if self._forwarder:
            forwarded = Forwarded("pending", evaluation.created_at)
            evaluation = msgspec.structs.replace(evaluation, forwarded=forwarded)
        try:
            await self._scoreboard.add(evaluation, api_key)
        except sqlite3.Error as error:
            log.error("%s: its evaluation cannot be written: %s", evaluation.instance_id, error)  # noqa: TRY400 - as above
            archive_name = evaluation.archive.rpartition("/")[2]
            await asyncio.to_thread(remove_archive, self._data_dir, evaluation.instance_id, archive_name)
            raise InternalError(f"the evaluation cannot be written: {error}") from error
        if self._forwarder:
            self._forwarder.wake()
        return evaluation
