"""A recording as one `.tar.gz` that can be downloaded: of Gym's monitor files alone, whole or not there at all.

Everything here may block; call it in a thread.
"""

import contextlib
import errno
import os
import tarfile
from pathlib import Path

from gateway.artifacts.paths import open_beneath
from gateway.monitor_files import MonitorFolder
from protocol.errors import InvalidField

FOLDER = "archives"
MAX_BYTES = 2 * 2**30
# Films are compressed already; a higher level costs seconds and saves next to nothing.
_GZIP_LEVEL = 1
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_archive(data_dir: Path, instance_id: str, name: str, folder: MonitorFolder, max_bytes: int) -> None:
    """`<data_dir>/<instance_id>/archives/<name>` holds every monitor file of the folder as it is now.

    Raises:
        InvalidField: they are more than `max_bytes`, or something there is not what it should be.
        OSError: the archive cannot be written; nothing of it is there.
    """
    archives_fd = _open_archives(data_dir, instance_id)
    aside = f".{name}.tmp"
    try:
        with os.fdopen(os.open(aside, _NEW_FILE_FLAGS, 0o644, dir_fd=archives_fd), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_GZIP_LEVEL) as archive:
                _add_all(archive, folder, max_bytes)
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, name, src_dir_fd=archives_fd, dst_dir_fd=archives_fd)
        os.fsync(archives_fd)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=archives_fd)
        os.close(archives_fd)


def remove_archive(data_dir: Path, instance_id: str, name: str) -> None:
    """The archive of that name is gone, and the room that it took is free."""
    archives_fd = _open_archives(data_dir, instance_id)
    try:
        os.unlink(name, dir_fd=archives_fd)
    finally:
        os.close(archives_fd)


def _add_all(archive: tarfile.TarFile, folder: MonitorFolder, max_bytes: int) -> None:
    left_bytes = max_bytes
    for name in folder.names:
        with folder.open(name) as fd, os.fdopen(fd, "rb", closefd=False) as file:
            status = os.fstat(fd)
            left_bytes -= status.st_size
            if left_bytes < 0:
                raise InvalidField(f"the recording is above {max_bytes} bytes; film fewer episodes")
            member = tarfile.TarInfo(name)
            # A film may grow while it is read; what is in the archive ends where it ended now.
            member.size, member.mtime = status.st_size, int(status.st_mtime)
            archive.addfile(member, file)


def _open_archives(data_dir: Path, instance_id: str) -> int:
    instance_fd = open_beneath(data_dir, (instance_id,))
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(FOLDER, dir_fd=instance_fd)
        return os.open(FOLDER, _FOLDER_FLAGS, dir_fd=instance_fd)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise InvalidField("the environment has put something else where the archives belong") from error
        raise
    finally:
        os.close(instance_fd)
