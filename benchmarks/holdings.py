"""What a server holds of its machine at one moment, so that a benchmark can tell what it has left behind."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.server import Server


class Holdings(NamedTuple):
    """Of the gateway and all below it; memory in bytes, what several share counted once."""

    processes: int
    descriptors: int
    sockets: int
    files_outside: int
    memory_bytes: int


def holdings(server: Server, folder: Path) -> Holdings:
    """What the server holds now; every file below the folder, but not in its data directory, counts as outside."""
    pids = [server.process.pid, *(process.pid for process in server.family())]
    descriptors = [target for pid in pids for target in _descriptors(pid)]
    return Holdings(
        processes=len(pids),
        descriptors=len(descriptors),
        sockets=sum(target.startswith("socket:") for target in descriptors),
        files_outside=sum(server.data_dir not in path.parents and path.is_file() for path in folder.rglob("*")),
        memory_bytes=sum(map(pss_bytes, pids)),
    )


def pss_bytes(pid: int) -> int:
    """The memory of one process, pages that it shares counted in part; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _descriptors(pid: int) -> Iterable[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield str(link.readlink())
        except OSError:
            continue
