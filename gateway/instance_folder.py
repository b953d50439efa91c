"""The folder of an instance below the data directory: made, described for those who come later, and removed."""

import contextlib
import itertools
import json
import logging
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from protocol.errors import InternalError
from protocol.folder import FOLDERS

_numbers = itertools.count(1)
log = logging.getLogger(__name__)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """What the disk refuses is the operator's affair, so the log has it; the client is told why, and not where.

    Raises:
        InternalError: something could not be written.
    """
    try:
        yield
    except OSError as error:
        log.error("the data directory cannot be written: %s", error)  # noqa: TRY400 - the operator needs the reason, not our stack
        raise InternalError(f"the data directory cannot be written: {error.strerror}") from error


def new_folder(data_dir: Path) -> tuple[str, Path]:
    """A new instance's id and folder; the id was never used while its artifacts exist: making the folder reserves it.

    Raises:
        InternalError: the folder cannot be made; the text says why.
    """
    while True:
        instance_id = secrets.token_hex(4)
        folder = data_dir.resolve() / instance_id
        with writing():
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            try:
                for name in FOLDERS:
                    (folder / name).mkdir()
            except OSError:
                remove(folder)
                raise
        return instance_id, folder


def describe(folder: Path, env_id: str, created_at: datetime, owner: str | None = None) -> None:
    """The folder has what the artifact server says of the instance when it is long gone, and whose it was.

    Raises:
        InternalError: it cannot be written; the text says why.
    """
    facts = {"env_id": env_id, "created_at": created_at.isoformat(timespec="milliseconds")}
    if owner is not None:
        facts["owner"] = owner
    aside = folder / ".instance.json.tmp"
    with writing():
        aside.unlink(missing_ok=True)  # an environment may have laid a link there
        with aside.open("x") as file:
            file.write(json.dumps(facts))
        aside.replace(folder / "instance.json")


def new_private_folder(folder: Path) -> Path:
    """An empty folder for one worker's temporary files, and in place of a home; to be removed after its end.

    Raises:
        InternalError: it cannot be made; the text says why.
    """
    private = folder / f".private.{next(_numbers)}"
    with writing():
        private.mkdir(mode=0o700)
    return private


def remove(folder: Path) -> None:
    """Nothing is left of the folder that can be deleted."""
    shutil.rmtree(folder, ignore_errors=True)
