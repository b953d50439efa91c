"""Landlock (landlock(7)) without a library: what a process and all that it starts may do from here on, for good.

Access is allowed below the named paths and nowhere else; what a kernel does not know yet, it does not refuse.
"""

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_CHAR, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8
_MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = 1 << 9, 1 << 10, 1 << 11, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV
_FILE_RIGHTS = ((1, (1 << 13) - 1), (2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
_TCP_ABI, _TCP = 4, 3
_SCOPE_ABI, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 3

READ = EXECUTE | READ_FILE | READ_DIR
CHANGE = READ | WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
"""Files and folders; no links, pipes or sockets, behind which those who look at the folder later would fall."""

ANYTHING = CHANGE | _MAKE_SYM | _MAKE_FIFO | _MAKE_SOCK
DEVICE = READ_FILE | READ_DIR | WRITE_FILE | _IOCTL_DEV


def restrict(abi: int, rules: Iterable[tuple[str, int]], *, network: bool) -> None:
    """This thread has the rights of `rules`, path and bits, and no others; paths that do not exist are left out.

    It reaches processes outside of what is confined with it neither by signals nor as a debugger, and connects nowhere
    by TCP unless `network` allows it, as far as version `abi` has that. The thread has set no_new_privs.

    Raises:
        OSError: the kernel refuses; then nothing is restricted.
    """
    handled = 0
    for since, rights in _FILE_RIGHTS:
        handled |= rights if since <= abi else 0
    scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if abi >= _SCOPE_ABI else 0
    attributes = struct.pack("=QQQ", handled, 0 if network or abi < _TCP_ABI else _TCP, scoped)
    attributes = attributes[: 8 if abi < _TCP_ABI else 16 if abi < _SCOPE_ABI else 24]
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path, rights in rules:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(ruleset, path, rights & handled)
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _OF_FILES
        if rights:
            _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, fd), 0))
    finally:
        os.close(fd)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"landlock: {os.strerror(number)}")
    return result
