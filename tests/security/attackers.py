"""An environment that attacks what is none of its business; imported in workers with `--import`.

A reset with the option `attack` carries it out, on `target`, and the info says how that went.
"""

import ctypes
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.well import Well, register

_libc = ctypes.CDLL(None, use_errno=True)
_PTRACE_ATTACH = 16


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _connect(family: int, kind: int, address: Any) -> str:
    with socket.socket(family, kind) as out:
        out.settimeout(5)
        out.connect(address)
        out.send(b"x")
    return "connected"


def _read_memory(target: str) -> int:
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    return _checked(_libc.process_vm_readv(int(target), vector, 1, vector, 1, 0))


def _of_process(name: str) -> Callable[[str], str]:
    return lambda target: Path(f"/proc/{target}/{name}").read_bytes()[:100].decode("latin-1")


def _work_as_usual(_target: str) -> str:
    Path("notes.txt").write_text("relative to its folder")
    Path("notes.txt").replace("rendered/notes.txt")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "link").symlink_to("somewhere")
        os.mkfifo(Path(folder, "pipe"))
    Path(tempfile.gettempdir(), "left behind").write_text("x")
    Path("~/.some-package").expanduser().mkdir()
    Path(os.devnull).write_bytes(b"x")
    for each in socket.socketpair():
        each.close()
    command = "cat rendered/notes.txt; head -c 4 /dev/urandom | wc -c"
    said = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    return said.stdout.decode()


ATTACKS: dict[str, Callable[[str], Any]] = {
    "read": lambda target: Path(target).read_text(),
    "read by a child": lambda target: subprocess.run(["cat", target], capture_output=True, check=True).stdout.decode(),
    "write": lambda target: Path(target).write_text("x"),
    "make a folder": lambda target: Path(target).mkdir(),
    "delete": lambda target: Path(target).unlink(),
    "rename": lambda target: Path("rendered/latest.png").rename(target),
    "link": lambda target: Path("rendered/link").symlink_to(target),
    "link hard": lambda target: Path("rendered/link").hardlink_to(target),
    "take a descriptor": lambda target: Path(f"/proc/{target}/fd/1").open("rb").close(),
    "read variables": _of_process("environ"),
    "open memory": _of_process("mem"),
    "read memory": _read_memory,
    "trace": lambda target: _checked(_libc.ptrace(_PTRACE_ATTACH, int(target), 0, 0)),
    "stop": lambda target: os.kill(int(target), signal.SIGSTOP),
    "stop by pidfd": lambda target: signal.pidfd_send_signal(os.pidfd_open(int(target)), signal.SIGSTOP),
    "connect": lambda target: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(target))),
    "send a datagram": lambda target: _connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", int(target))),
    "connect locally": lambda target: _connect(socket.AF_UNIX, socket.SOCK_STREAM, target),
    "own descriptors": lambda _target: {
        path.name: str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
    },
    "own variables": lambda _target: dict(os.environ),
    "work as usual": _work_as_usual,
}


class Attacks(Well):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        observation, info = super().reset(seed=seed)
        if options:
            try:
                info["got"] = ATTACKS[options["attack"]](options.get("target", ""))
            except (OSError, subprocess.CalledProcessError) as error:
                info["failed"] = type(error).__name__
        return observation, info


register(globals())
