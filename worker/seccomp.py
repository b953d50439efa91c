"""System calls that no environment needs, refused by a filter in the kernel (seccomp(2)), without a library.

Sockets above all: Landlock knows of TCP alone. Numbers are those of x86-64 and of arm64 (RISC-V has the same).
"""

import ctypes
import errno
import os
import platform
import socket
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_SET_MODE_FILTER, _SPEC_ALLOW = 1, 4  # without the flag older kernels slow the whole process down
_LOAD, _IS, _IS_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # the classic BPF that a filter is written in
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_LINE = struct.Struct("=HBBI")
_REFUSAL = _RETURN, 0, 0, _REFUSE | errno.EPERM
_X32 = 0x40000000  # a second numbering of the same calls

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}
_SECCOMP = (317, 277)
_SOCKET = (41, 198)
_REFUSED = (
    (101, 117),  # ptrace
    (310, 270),  # process_vm_readv
    (311, 271),  # process_vm_writev
    (438, 438),  # pidfd_getfd
    (312, 272),  # kcmp
    (425, 425),  # io_uring_setup: it makes sockets that no filter sees
    (304, 265),  # open_by_handle_at: past the folders in which a file lies
    (321, 280),  # bpf
    (298, 241),  # perf_event_open
    (248, 217),  # add_key
    (249, 218),  # request_key
    (250, 219),  # keyctl
)


def is_known() -> bool:
    """Whether we know the numbers of this machine's system calls."""
    return platform.machine() in _ARCHITECTURES


def refuse(*, network: bool) -> None:
    """From here on these calls fail with EPERM, and so do new sockets; `network` allows those but for AF_UNIX.

    Servers of this machine listen on AF_UNIX, and whoever is let in there is not confined any more. Pairs of sockets
    are not affected. The thread has set no_new_privs.

    Raises:
        OSError: the kernel refuses the filter.
    """
    _, column = _ARCHITECTURES[platform.machine()]
    header = struct.pack("@HP", len(_CODE[network]) // _LINE.size, ctypes.addressof(_CODE[network]))
    if _libc.syscall(_SECCOMP[column], _SET_MODE_FILTER, _SPEC_ALLOW, header) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _program(*, network: bool) -> bytes:
    """The filter, as `struct sock_fprog` points to it."""
    architecture, column = _ARCHITECTURES[platform.machine()]
    refused = [call[column] for call in _REFUSED] + ([] if network else [_SOCKET[column]])
    lines = [(_LOAD, 0, 0, _ARCHITECTURE_AT), (_IS, 1, 0, architecture), _REFUSAL, (_LOAD, 0, 0, _NUMBER_AT)]
    lines += [(_IS_AT_LEAST, 0, 1, _X32), _REFUSAL]
    for number in refused:
        lines += [(_IS, 0, 1, number), _REFUSAL]
    if network:
        lines += [(_IS, 0, 3, _SOCKET[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT_AT), (_IS, 0, 1, socket.AF_UNIX)]
        lines += [_REFUSAL]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(_LINE.pack(*line) for line in lines)


_CODE = {
    network: ctypes.create_string_buffer(program, len(program))
    for network in (True, False)
    if is_known() and (program := _program(network=network))
}
"""Both filters, written once in the process from which workers are forked."""
