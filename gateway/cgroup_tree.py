"""The server's own part of the cgroup v2 hierarchy (cgroups(7), the kernel's cgroup-v2.rst), where it may have one.

A group with members cannot divide what it has, so the server moves itself into `gateway/`, beside which each worker
gets a group; both lie below one of the server's own. Where the operator has not delegated the group in which the server
was started, or somebody else lives in it, everything stays as it was, and workers are watched from outside.
"""

import contextlib
import itertools
import logging
import os
import re
from pathlib import Path

from gateway.cgroup import Group
from protocol.facts import Limits

CONTROLLERS = ("memory", "pids", "cpu")
_NAME = re.compile(r"gym-server\.(\d+)")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_GATEWAY_WEIGHT = "1000"  # it owes everybody an answer, and uses little
log = logging.getLogger(__name__)


class CgroupTree:
    """Groups for workers, below `top`; without one there are none, and `summary` says why."""

    def __init__(self, top: Path | None = None, controllers: frozenset[str] = frozenset(), reason: str = "") -> None:
        self._top = top
        self._enabled_above: list[str] = []
        self._numbers = itertools.count()
        self.controllers = controllers
        self._reason = reason

    @property
    def summary(self) -> str:
        """For the log: what workers are held by, or why they are not."""
        if self.controllers:
            return f"each worker has a control group ({', '.join(sorted(self.controllers))}) below {self._top}"
        return f"workers have no control groups, their memory and processes are watched from outside: {self._reason}"

    @classmethod
    def enter(cls) -> "CgroupTree":
        """The tree of this process, which has become a member of it; it has no children yet, and no event loop."""
        own = own_group()
        if own is None:
            return cls(reason="no cgroup v2 hierarchy is mounted")
        if not (offered := [name for name in CONTROLLERS if name in _words(own / "cgroup.controllers")]):
            return cls(reason=f"{own} has none of the controllers {', '.join(CONTROLLERS)}")
        if not is_delegated(own):
            return cls(reason=f"{own} is not delegated to this process")
        remove_leftovers(own)
        tree = cls(own / f"gym-server.{os.getpid()}")
        try:
            tree._move_in(own, offered)
        except OSError as error:
            tree.leave()
            return cls(reason=f"{own} cannot be divided: {error.strerror}")
        return tree

    def hold(self, pid: int, limits: Limits) -> tuple[Group | None, frozenset[str]]:
        """A new group with the process in it, and the names of the limits that it holds; or None, and none.

        Blocks for some ten milliseconds: the kernel moves a process when nobody forks (cgroup_threadgroup_rwsem).
        """
        if self._top is None:
            return None, frozenset()
        group = Group(self._top / f"worker.{pid}.{next(self._numbers)}", self.controllers)
        try:
            group.path.mkdir()
            held = group.bind(limits)
            group.take(pid)
        except OSError as error:
            log.warning("process %s has no group of its own: %s", pid, error)
            group.remove()
            return None, frozenset()
        return group, held

    def leave(self) -> None:
        """What `enter` has done is undone: no group of ours is left, and this process is where it was."""
        if self._top is None:
            return
        own = self._top.parent
        groups = self._groups()
        for group in groups:
            group.kill()
        for group in groups:
            group.remove()
        _disable(self._top, CONTROLLERS)
        _disable(own, self._enabled_above)
        with contextlib.suppress(OSError):  # a hierarchy that somebody else has divided meanwhile
            _write(own / "cgroup.procs", str(os.getpid()))
        for path in (self._top / "gateway", self._top):
            with contextlib.suppress(OSError):  # as above
                path.rmdir()

    def _move_in(self, own: Path, offered: list[str]) -> None:
        """This process is in `gateway/`, and each controller that can be had is there for the groups beside it.

        Raises:
            OSError: none can.
        """
        assert self._top  # noqa: S101 - narrows the type; only a tree with a top is entered
        gateway = self._top / "gateway"
        gateway.mkdir(parents=True)
        _write(gateway / "cgroup.procs", str(os.getpid()))
        given, refusal = _words(own / "cgroup.subtree_control"), OSError()
        for name in offered:
            try:
                if name not in given:
                    _write(own / "cgroup.subtree_control", f"+{name}")
                    self._enabled_above.append(name)
                _write(self._top / "cgroup.subtree_control", f"+{name}")
            except OSError as error:
                refusal = error
            else:
                self.controllers |= {name}
        if not self.controllers:
            raise refusal
        with contextlib.suppress(OSError):
            _write(gateway / "cpu.weight", _GATEWAY_WEIGHT)

    def _groups(self) -> list[Group]:
        assert self._top  # noqa: S101 - narrows the type, as above
        with contextlib.suppress(OSError):
            return [Group(path, frozenset()) for path in self._top.glob("worker.*")]
        return []


def own_group() -> Path | None:
    """The folder of the v2 group that this process is in, or None where it sees none."""
    line = next((line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), None)
    if line is None:
        return None
    inside = Path(line.removeprefix("0::"))
    for mount in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = mount.partition(" - ")
        if after.split()[0] != "cgroup2":
            continue
        root, point = (_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), word) for word in before.split()[3:5])
        if inside.is_relative_to(root):
            return Path(point) / inside.relative_to(root)
    return None


def is_delegated(group: Path) -> bool:
    """Whether this process may divide the group: it can write there, and no systemd says that the group is its own.

    A root user can write everywhere; systemd marks what it has given away (systemd.resource-control(5), Delegate=).
    """
    if not all(os.access(group / name, os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")):
        return False
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        return True
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return True
    return False


def remove_leftovers(own: Path) -> None:
    """What a server that was killed has left in the group is gone, if nobody lives in it."""
    for top in own.glob("gym-server.*"):
        match = _NAME.fullmatch(top.name)
        if match is None or Path(f"/proc/{match[1]}").exists() or "populated 1" in _read(top / "cgroup.events"):
            continue
        for path in (*(path for path in top.iterdir() if path.is_dir()), top):
            with contextlib.suppress(OSError):
                path.rmdir()


def _disable(group: Path, names: tuple[str, ...] | list[str]) -> None:
    for name in names:
        with contextlib.suppress(OSError):  # it was not enabled, or others use it
            _write(group / "cgroup.subtree_control", f"-{name}")


def _words(file: Path) -> list[str]:
    return _read(file).split()


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _write(file: Path, text: str) -> None:
    file.write_text(text)
