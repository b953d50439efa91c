"""What a worker gives up for good before it runs a line of an environment: privileges, files, sockets, its neighbours.

What the gateway has planned is done, or the process ends: its documents say what is in force (DESIGN.md, rule 6).
"""

import ctypes
import os
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from protocol.facts import Confinement
from protocol.folder import FOLDERS
from worker import landlock, seccomp

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91}
_CAPABILITIES_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2
_libc = ctypes.CDLL(None, use_errno=True)

_READABLE = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/nix/store", "/proc", "/sys", "/var/cache/fontconfig"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/alternatives"),
    *("/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/os-release", "/etc/debian_version"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/mime.types", "/etc/ssl/openssl.cnf"),
    *("/etc/fonts", "/etc/glvnd", "/etc/drirc", "/etc/egl", "/etc/vulkan", "/etc/OpenCL", "/etc/pulse", "/etc/alsa"),
)
"""What Python, its packages and graphics read, wherever they are installed; nobody's secrets."""

_FOR_THE_NETWORK = (
    *("/etc/hosts", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"),
    *("/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki", "/run/systemd/resolve"),
)
_DEVICES = [
    str(path)
    for path in Path("/dev").iterdir()
    if path.name in {"null", "zero", "full", "random", "urandom", "dri", "kfd"} or path.name.startswith("nvidia")
]


def confine(confinement: Confinement, folder: Path, private: Path) -> None:
    """The plan is in force for this process and all that it will start; it has one thread, and no other descriptors.

    `folder` is the instance's, and `private` the one in it for temporary files.

    Raises:
        OSError: some of it cannot be had.
    """
    os.environ["TMPDIR"] = tempfile.tempdir = str(private)
    if confinement.user or confinement.landlock_abi:
        os.environ["HOME"] = str(private)  # no other home can be written, and some packages insist
    if confinement.user:
        _become(confinement.user, folder, private)
        if confinement.landlock_abi:  # which keeps its like away; it may look at itself in /proc, as it otherwise may
            _prctl(_PR_SET_DUMPABLE, 1)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if confinement.landlock_abi or confinement.filters_calls:
        _drop_capabilities(keeps_reading=confinement.landlock_abi > 0)
    if confinement.landlock_abi:
        landlock.restrict(confinement.landlock_abi, _rules(confinement, folder, private), network=confinement.network)
    if confinement.filters_calls:
        seccomp.refuse(network=confinement.network)


def _become(user: tuple[int, int, tuple[int, ...]], folder: Path, private: Path) -> None:
    """The process and the instance's folders belong to the user; files in them stay whose they are.

    A file may be another name of somebody else's: only folders cannot.
    """
    uid, gid, groups = user
    for path in (folder, private, *(folder / name for name in FOLDERS)):
        os.chown(path, uid, gid, follow_symlinks=False)
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _drop_capabilities(*, keeps_reading: bool) -> None:
    """Root is a user like any other, but may read what Landlock lets it (a venv in somebody's home, under sudo)."""
    number = _CAPSET.get(os.uname().machine)
    if os.geteuid() != 0 or number is None:
        return
    kept = _CAP_DAC_READ_SEARCH if keeps_reading else 0
    header, sets = struct.pack("=Ii", _CAPABILITIES_3, 0), struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    if _libc.syscall(number, header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _rules(confinement: Confinement, folder: Path, private: Path) -> Iterator[tuple[str, int]]:
    """Every path that may be used, and how."""
    more = {*(_of_python() - _KNOWN), *confinement.readable, *(_FOR_THE_NETWORK if confinement.network else ())}
    for path in _outermost({*_EXISTING, *map(os.path.realpath, more)}) if more else _EXISTING:
        yield from _readable(path, confinement.hidden)
    yield from ((path, landlock.ANYTHING) for path in confinement.writable)
    yield str(folder), landlock.CHANGE
    yield str(private), landlock.ANYTHING
    yield from ((path, landlock.DEVICE) for path in _DEVICES)


def _of_python() -> set[str]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    inside = tuple(f"{prefix}/" for prefix in prefixes)
    elsewhere = {path for path in sys.path if path.startswith("/") and not path.startswith(inside)}
    return (
        prefixes | elsewhere | _in_development() | set(filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")))
    )


def _in_development() -> set[str]:
    """Where the sources of editable packages are (pip install -e); setuptools' finders know, and nobody else."""
    finders = [module for name, module in sys.modules.items() if name.startswith("__editable___")]
    sources = {str(path) for finder in finders for path in getattr(finder, "MAPPING", {}).values()}
    return sources | {f"{path}.py" for path in sources}


def _outermost(paths: Iterable[str]) -> list[str]:
    """Without those that lie in another one of them, and those that do not exist."""
    found: list[str] = []
    for path in sorted(set(paths)):
        if not (found and path.startswith(f"{found[-1].rstrip('/')}/")) and os.path.exists(path):  # noqa: PTH110 - Path costs more
            found.append(path)
    return found


# Found out once, in the process from which workers are forked: it takes longer than all else that a worker does here.
_KNOWN = _of_python()
_EXISTING = _outermost(map(os.path.realpath, {*_READABLE, *_KNOWN}))


def _readable(path: str, hidden: str) -> Iterator[tuple[str, int]]:
    """Where what is to be hidden lies in what may be read, everything beside it is allowed, one by one.

    The names of what lies there can be listed, also in what is hidden: Python finds its modules by listing folders.
    """
    if not hidden or (hidden != path and not hidden.startswith(f"{path.rstrip('/')}/")):
        yield path, landlock.READ
        return
    yield path, landlock.READ_DIR
    for beside in os.scandir(path):
        if hidden.startswith(f"{beside.path}/"):
            yield from _readable(beside.path, hidden)
        elif beside.path != hidden and not beside.is_symlink() and (path != hidden or _is_module(beside)):
            yield beside.path, landlock.READ


def _is_module(entry: os.DirEntry[str]) -> bool:
    """Whether Python could import it: an operator may work in the folder where instances have theirs."""
    return entry.name.endswith(".py") or os.path.exists(f"{entry.path}/__init__.py")  # noqa: PTH110 - as realpath


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
