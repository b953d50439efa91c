"""A process that has the imports of one kind of environment behind it, and from which its workers are forked.

It builds no environment, as those forked from one would share its randomness. It must leave one thread behind, or
forking is unsafe. Knows nothing of what its workers do.
"""

import contextlib
import gc
import os
import pickle
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gymnasium.envs.registration import EnvSpec, load_env_creator

from protocol.errors import GymServerError
from protocol.templates import MAX_REQUEST_BYTES, NO, STATUS, YES
from worker.build import find_spec, import_modules

_MANY_MODULES = 20  # take some ten milliseconds to import; forking from here instead is worth a process
_REQUEST_FDS = 2


def warm_up(control: socket.socket, env_id: str, imports: tuple[str, ...]) -> bool:
    """Whether this process is fit to be a template, and the gateway wants one: it is told the kind first.

    The kind of an environment is the package of its class: what is in one package mostly needs the same.
    """
    known = set(sys.modules)
    try:
        import_modules(imports)
        spec = find_spec(env_id.rpartition(":")[2], allows_past_ids=True)
        control.sendall((_module(spec).rpartition(".")[0] or _module(spec)).encode())
        if control.recv(1) != YES:
            return False
        if isinstance(spec.entry_point, str):
            load_env_creator(spec.entry_point)
        # To look for an environment, packages are imported that have nothing to do with it.
        is_new = _module(spec) not in known and len(sys.modules) - len(known) >= _MANY_MODULES
        is_fit = is_new and len(list(Path("/proc/self/task").iterdir())) == 1
    except (GymServerError, ImportError, AttributeError):
        is_fit = False  # whoever asks a worker for it learns why
    gc.collect()
    gc.freeze()  # the collector of a worker shall not touch, and so copy, the pages it shares with this process
    control.sendall(YES if is_fit else NO)
    return is_fit


def _module(spec: EnvSpec) -> str:
    entry = spec.entry_point if isinstance(spec.entry_point, str) else getattr(spec.entry_point, "__module__", "")
    return entry.partition(":")[0]


class Template:
    """Forks a process for each request on `control`; a request is the arguments of `run`, with a pipe and a status."""

    def __init__(self, control: socket.socket, run: Callable[..., None]) -> None:
        self._control = control
        self._run = run
        self._statuses: dict[int, int] = {}
        self._awake, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """The other end of `control` is closed."""
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._awake, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._awake in ready:
                    os.read(self._awake, MAX_REQUEST_BYTES)
                    self._reap()
                if self._control in ready and not self._answer():
                    return

    def _answer(self) -> bool:
        """Whether there was a request."""
        request, fds, _, _ = socket.recv_fds(self._control, MAX_REQUEST_BYTES, _REQUEST_FDS)
        if not request:
            return False
        pipe, status = fds
        pid = os.fork()
        if pid == 0:
            self._become_worker(pipe, pickle.loads(request))  # noqa: S301 - the gateway has written it
        os.close(pipe)
        self._statuses[pid] = status
        _tell(status, pid)
        return True

    def _become_worker(self, pipe: int, arguments: tuple[Any, ...]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            self._run(Connection(pipe), *arguments)  # which closes all other descriptors, and ends the process
        finally:
            os._exit(1)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, code = ended
                if (status := self._statuses.pop(pid, None)) is not None:
                    _tell(status, os.waitstatus_to_exitcode(code))
                    os.close(status)


def _tell(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the gateway is not interested any more
        os.write(status, STATUS.pack(number))
