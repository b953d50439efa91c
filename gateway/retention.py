"""How long artifacts are kept: folders of instances that are gone, and that nobody has written to for long, go too."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path

from gateway import archive, instance_folder

_INSTANCE = re.compile(r"[0-9a-f]{8}")
_INTERVAL_S = 3600.0
log = logging.getLogger(__name__)


async def forget_old_artifacts(data_dir: Path, keep_s: float | None, alive: Callable[[], Collection[str]]) -> None:
    """Looks at once and then every hour, and never returns; with `keep_s` None nothing is ever deleted."""
    while keep_s is not None:
        await forget_expired(data_dir, keep_s, alive)
        await asyncio.sleep(_INTERVAL_S)


async def forget_expired(data_dir: Path, keep_s: float, alive: Callable[[], Collection[str]]) -> None:
    """What has expired by now is deleted; `alive` are the ids of those that are not to be touched."""
    for folder in await asyncio.to_thread(expired_folders, data_dir, keep_s):
        if folder.name not in alive():
            await asyncio.to_thread(instance_folder.remove, folder)
            log.info("%s: its artifacts were deleted", folder.name)


def expired_folders(data_dir: Path, keep_s: float) -> list[Path]:
    """The instances' folders in which nothing has changed for `keep_s` seconds; never one with an archive.

    Evaluations on the scoreboard point to the archives and to what lies beside them.
    """
    before = time.time() - keep_s
    return [path for path in data_dir.iterdir() if _INSTANCE.fullmatch(path.name) and _is_expired(path, before)]


def _is_expired(folder: Path, before: float) -> bool:
    """A folder's own time changes when a file in it is made, renamed or deleted; a log's when it is written."""
    try:
        if not folder.is_dir() or (folder / archive.FOLDER).exists():
            return False
        paths = (folder, *folder.iterdir(), *(folder / "logs").glob("*"))
        return max(path.lstat().st_mtime for path in paths) < before
    except FileNotFoundError:  # somebody else deletes it just now, or something in it
        return False
