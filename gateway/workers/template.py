"""The gateway's end of a template: a warm process from which workers of one kind of environment are forked."""

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import struct
from multiprocessing.connection import Connection
from typing import Any, Self

from gateway.workers.child import Child, TemplateChild, readable
from gateway.workers.forkserver import ForkServer
from protocol.templates import STATUS, YES
from worker.entry import run_template

_WARM_S = 60.0
_FORK_S = 5.0
_MAX_KIND_BYTES = 1024


class TemplateGone(Exception):
    """There is no such template, or none any more; the fork server can do without."""


class Template:
    """One process, which tells its kind and, if it is wanted, warms up; `end` it when it is not."""

    def __init__(self, process: Child, control: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._control = control
        self._has_ended = False
        self.kind = ""
        self.is_ready: asyncio.Future[bool] = self._loop.create_future()
        self._loop.add_reader(process.sentinel, self._on_exit)

    @classmethod
    async def start(cls, forkserver: ForkServer, env_id: str, imports: tuple[str, ...]) -> Self:
        """A process that is about to tell the kind of the environment.

        Raises:
            TemplateGone: there is none.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with contextlib.ExitStack() as stack:
            stack.callback(ours.close)  # which ends the process, should it come to be after all
            try:
                process = await forkserver.start(run_template, Connection(theirs.detach()), (env_id, imports))
            except OSError as error:
                raise TemplateGone from error
            stack.pop_all()
        return cls(process, ours)

    async def tell_kind(self) -> str:
        """The package of the environment's class; empty if it is unknown, and the process gone."""
        try:
            async with asyncio.timeout(_WARM_S):
                self.kind = (await self._loop.sock_recv(self._control, _MAX_KIND_BYTES)).decode("utf-8", "replace")
        except (OSError, TimeoutError):
            self.end()
        return self.kind

    async def warm_up(self) -> bool:
        """Whether workers can be forked from it; else it ends."""
        is_fit = False
        try:
            async with asyncio.timeout(_WARM_S):
                await self._loop.sock_sendall(self._control, YES)
                is_fit = await self._loop.sock_recv(self._control, 1) == YES
        except (OSError, TimeoutError):
            is_fit = False
        finally:
            if not is_fit:
                self.end()
            if not self.is_ready.done():
                self.is_ready.set_result(is_fit)
        return is_fit

    async def fork(self, connection: Connection, arguments: tuple[Any, ...]) -> Child:
        """A process that runs a worker; `connection` is closed here once the process has it.

        Raises:
            TemplateGone: the template has ended, or does not answer; it is of no more use.
        """
        told, status = os.pipe2(os.O_CLOEXEC)
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, told)
            try:
                try:
                    socket.send_fds(self._control, [pickle.dumps(arguments)], [connection.fileno(), status])
                finally:
                    os.close(status)  # held here, it would keep the end of a dying template from being seen
                await readable(told, _FORK_S)
                (pid,) = STATUS.unpack(os.read(told, STATUS.size))
            except (OSError, struct.error) as error:
                self.end()
                raise TemplateGone from error
            stack.pop_all()
        connection.close()
        return TemplateChild(pid, told)

    def end(self) -> None:
        """The process is killed, and with it those that it has forked."""
        self._control.close()
        if not self._has_ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    def _on_exit(self) -> None:
        self._has_ended = True
        self._loop.remove_reader(self._process.sentinel)
        self._process.exit_code()
        self._process.close()
        self._control.close()
        if not self.is_ready.done():
            self.is_ready.set_result(False)
