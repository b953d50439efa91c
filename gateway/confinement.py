"""What workers have to give up here: as much as the kernel and the operator let them; and what the documents say of it.

The work itself is the worker's (worker/confinement.py), which ends if it cannot do what was planned.
"""

import argparse
import ctypes
import os
import platform
import pwd
import stat
from pathlib import Path

import msgspec

from protocol.facts import Confinement

_CREATE_RULESET, _WHICH_VERSION = 444, 1
_NEWEST_ABI = 7  # of those that the worker's rules were written for
_TCP_ABI, _SCOPE_ABI = 4, 6
_FILTERED = {"x86_64", "aarch64", "riscv64"}
_PR_SET_DUMPABLE = 4


class Confining(msgspec.Struct, frozen=True):
    """What the operator wants of it; `user` is a user's number with a group's and those of further groups.

    `variables` are handed down although their names are those of secrets.
    """

    unconfined: bool = False
    network: bool = False
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    user: tuple[int, int, tuple[int, ...]] | None = None
    variables: tuple[str, ...] = ()


def planned(wanted: Confining, data_dir: Path) -> Confinement:
    """What every worker of this server gives up; instances' folders are in `data_dir`."""
    if wanted.unconfined:
        return Confinement(user=wanted.user)
    return Confinement(
        landlock_abi=min(_landlock_abi(), _NEWEST_ABI),
        filters_calls=platform.machine() in _FILTERED and Path("/proc/sys/kernel/seccomp/actions_avail").exists(),
        network=wanted.network,
        readable=wanted.readable,
        writable=wanted.writable,
        hidden=str(data_dir.resolve()),
        user=wanted.user,
    )


def described(plan: Confinement) -> dict[str, str | None]:
    """For the instance document: by which means each kind of access is kept from an environment; None is not at all."""
    landlock = "landlock" if plan.landlock_abi else None
    user = "user" if plan.user else None
    seccomp = "seccomp" if plan.filters_calls else None
    tcp = "landlock" if plan.landlock_abi >= _TCP_ABI else None
    return {
        "user": pwd_name(plan.user[0] if plan.user else os.geteuid()),
        "privileges": "no_new_privs",
        "files": landlock,
        "network": None if plan.network else seccomp or tcp,
        "local_sockets": seccomp,
        "signals": "landlock" if plan.landlock_abi >= _SCOPE_ABI else user,
        "memory_of_others": landlock or user,
    }


def user_to_become(name: str) -> tuple[int, int, tuple[int, ...]]:
    """The user of that name, or number, for `--worker-user`.

    Raises:
        argparse.ArgumentTypeError: there is none, it is root, or this process may not become another.
    """
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise argparse.ArgumentTypeError(f"{name!r} is no user of this machine") from None
    if entry.pw_uid == 0:
        raise argparse.ArgumentTypeError("root is who workers are not to be")
    if os.geteuid() != 0:
        raise argparse.ArgumentTypeError("only a server that runs as root can let its workers be somebody else")
    return entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))


def unreachable(wanted: Confining, data_dir: Path) -> str | None:
    """Why the user whom workers become could not work in the data directory, if so."""
    if wanted.user is None:
        return None
    uid, gid, groups = wanted.user
    for folder in (data_dir.resolve(), *data_dir.resolve().parents):
        facts = folder.stat()
        enter = (
            stat.S_IXUSR if facts.st_uid == uid else stat.S_IXGRP if facts.st_gid in {gid, *groups} else stat.S_IXOTH
        )
        if not facts.st_mode & enter:
            return f"--worker-user: {pwd_name(uid)} cannot enter {folder}"
    return None


def keep_to_itself() -> None:
    """Other processes of this user cannot read this one's memory, environment and descriptors (prctl(2)).

    Landlock keeps workers away from all processes but their own; this is for kernels without it.
    """
    if _landlock_abi() == 0:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def pwd_name(uid: int) -> str:
    """The user's name, or number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _landlock_abi() -> int:
    """The kernel's version of Landlock; 0 where there is none, or where it is switched off."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _WHICH_VERSION)))
