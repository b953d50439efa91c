"""Servers in control groups, where this machine lets a test divide its own: in a delegated scope, or as root.

For example: `systemd-run --user --scope -p Delegate=yes .venv/bin/pytest tests/isolation/test_cgroups.py`.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cgroup_tree import CgroupTree, own_group
from tests.server import Server, running_server

_IN_GROUP = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
_LIKE_ANYBODY = "100"


@contextlib.contextmanager
def divided_group(*controllers: str) -> Iterator[Path]:
    """A group of this test's own with these controllers, which has none but an empty group `server` to offer.

    Skips the test where there is no such thing.
    """
    tree = CgroupTree.enter()
    try:
        missing = set(controllers) - tree.controllers
        if missing:
            pytest.skip(f"no control group with {', '.join(sorted(missing))}: {tree.summary}")
        gateway = own_group()
        assert gateway
        group = gateway.parent / "server"
        group.mkdir()
        (gateway / "cpu.weight").write_text(_LIKE_ANYBODY)  # a test that looks again and again must not starve a server
        yield group
        group.rmdir()  # fails if a server has left one of its own in it
    finally:
        tree.leave()
    assert not [left for left in (gateway.parent, group) if left.exists()]


@contextlib.contextmanager
def server_in(group: Path, folder: Path, *flags: str) -> Iterator[Server]:
    """A server that was started as a member of the group."""
    command = ("sh", "-c", _IN_GROUP, str(group), sys.executable, "-m", "gateway")
    with running_server(folder, "--import", "tests.envs", *flags, command=command) as server:
        yield server


def group_of(pid: int) -> Path:
    """The group that the process is in, seen from the group of this one."""
    here = own_group()
    assert here
    ours, theirs = (Path(text.rpartition("0::")[2].strip()) for text in (_cgroup("self"), _cgroup(str(pid))))
    for _ in ours.parts[1:]:
        here = here.parent
    return here / theirs.relative_to("/")


def _cgroup(pid: str) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()
