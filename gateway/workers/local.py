"""A worker on this machine: a process forked from the fork server, a pipe, and the means to end its whole family."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
from pathlib import Path

from gateway import family
from gateway.awake import Load
from gateway.cgroup import Group
from gateway.cgroup_tree import CgroupTree
from gateway.confinement import described
from gateway.instance_folder import new_private_folder, remove
from gateway.workers.base import Done, Ending, Hold, Payload, WorkerLost
from gateway.workers.child import Child
from gateway.workers.deadline import Deadline
from gateway.workers.pipe import Pipe
from gateway.workers.starter import Starter
from protocol.facts import Cause, Confinement, Limits
from protocol.folder import FAULT_LOG, STACK_SIGNAL

_STACK_S, _STACK_INTERVAL_S = 1.0, 0.01  # for a worker to write down where it hangs, before it is killed
_ENVELOPE_BYTES = 64 * 1024  # of a frame, beside the body or the value in it
_NO_FORK_SERVER = "the process from which all workers are forked has ended, and they with it"
_GROUP_S = 5.0  # for the kernel to move a process; held up for longer, it is watched from outside instead
_GRACE_S = 5.0  # for the kernel to end a killed process, before it is reported as gone all the same


class LocalWorker:
    """One process. Implements `gateway.workers.base.Worker`."""

    def __init__(
        self,
        starter: Starter,
        cgroups: CgroupTree,
        load: Load,
        instance_id: str,
        env_id: str,
        folder: Path,
        limits: Limits,
        confinement: Confinement,
        max_body_bytes: int,
        max_reply_bytes: int,
    ) -> None:
        self._starter = starter
        self._env_id = env_id
        self._cgroups = cgroups
        self._load = load
        self._limits = limits
        self._group: Group | None = None
        self._folder = folder
        self._private: Path | None = None
        self._names = instance_id, env_id, folder
        self._bounds = limits, confinement, max_body_bytes + _ENVELOPE_BYTES, max_reply_bytes
        self._fault_log = folder / FAULT_LOG
        self._max_reply_bytes = max_reply_bytes
        self._loop = asyncio.get_running_loop()
        self._process: Child | None = None
        self._pipe: Pipe | None = None
        self._pidfd = -1
        self._done: Done | None = None  # who waits for the reply to the command in flight
        self._deadline = Deadline(self._expire)
        self._doom: Ending | None = None  # why it has to end, once that is decided
        self._told_bytes = 0  # of its fault log, when its stack was last requested
        self.pid: int | None = None
        self.hold = Hold(described(confinement))
        self.ended: asyncio.Future[Ending] = self._loop.create_future()

    async def start(self, deadline_s: float) -> None:
        """The process runs and waits for its first command.

        Raises:
            WorkerLost: there was no process within `deadline_s` seconds, or it was killed meanwhile.
            InternalError: its folder cannot be written.
        """
        ours, theirs = multiprocessing.Pipe(duplex=True)
        connection = socket.socket(fileno=os.dup(ours.fileno()))
        ours.close()
        try:
            self._private = new_private_folder(self._folder)
            arguments = *self._names, self._private, *self._bounds
            async with asyncio.timeout(deadline_s):
                self._process = await self._starter.start(self._env_id, theirs, arguments)
        except BaseException as error:
            # A process that comes to be after all finds the end of its pipe, and ends.
            connection.close()
            self._finish(self._doom or Ending("deadline"))
            if isinstance(error, TimeoutError):
                raise WorkerLost(self.ended.result()) from None
            raise
        self.pid = self._process.pid
        with contextlib.suppress(ProcessLookupError):
            self._pidfd = os.pidfd_open(self.pid)
        self._loop.add_reader(self._process.sentinel, self._on_exit)
        self._pipe = Pipe(
            connection, self._max_reply_bytes + _ENVELOPE_BYTES, self._on_frame, self._on_pipe_end, self._on_broken_pipe
        )
        if self._doom:  # killed while it was being started
            self.kill(self._doom.cause)
        await self._enter_group(self.pid)

    async def _enter_group(self, pid: int) -> None:
        """Where there are control groups it is in one of its own, before it runs a line of an environment."""
        if not self._cgroups.controllers:
            return
        job = self._loop.run_in_executor(None, self._cgroups.hold, pid, self._limits)
        job.add_done_callback(self._on_grouped)
        await asyncio.wait([job], timeout=_GROUP_S)

    def _on_grouped(self, job: "asyncio.Future[tuple[Group | None, frozenset[str]]]") -> None:
        self._group, self.hold.grouped = job.result()
        if self.ended.done():
            self._leave_group()

    def _leave_group(self) -> None:
        if self._group:
            self._loop.run_in_executor(None, self._group.remove)

    def send(self, payload: bytes, deadline_s: float, done: Done) -> None:
        """A command is on its way; `done` is called once, with the reply or, when it has ended instead, with None."""
        if self.ended.done():
            done(None)
            return
        assert self._pipe and self.pid and self._done is None  # noqa: S101, PT018 - rule 2: one command in flight
        self._done = done
        self._deadline.set(deadline_s)
        self._pipe.send(payload, is_soon=self._load.given(self.pid))

    async def call(self, payload: bytes, deadline_s: float) -> Payload:
        """The reply to one command.

        Raises:
            WorkerLost: it ended, or was killed because `deadline_s` seconds had passed.
        """
        replied: asyncio.Future[Payload | None] = self._loop.create_future()
        self.send(payload, deadline_s, lambda reply: None if replied.done() else replied.set_result(reply))
        try:
            reply = await replied
        except asyncio.CancelledError:
            # The reply that nobody waits for would be taken for the next one's.
            self.kill("killed")
            raise
        if reply is None:
            raise WorkerLost(self.ended.result())
        return reply

    def kill(self, cause: Cause, reason: str = "") -> None:
        """SIGKILL to the process, its descendants and its group; `ended` says `cause`."""
        self._doom = self._doom or Ending(cause, reason=reason)
        if self._process is None or self.pid is None or self.ended.done():
            return
        if self._group:
            self._loop.run_in_executor(None, self._group.kill)
        if family.is_large(self.pid):
            # Its leader goes last: as long as it lives, all of them can be found below it.
            self._loop.run_in_executor(None, family.end, self.pid).add_done_callback(lambda _done: self._kill_rest())
        else:
            family.end(self.pid)
            self._kill_rest()

    def _kill_rest(self) -> None:
        """Those of its group that descend from nobody any more, and itself by a number that nobody else can have."""
        if self.ended.done() or self._doom is None:
            return
        self._kill_group()
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._loop.call_later(_GRACE_S, self._finish, self._doom)

    def request_stack(self) -> bool:
        """Whether it will write the Python stack of its threads to its fault log now."""
        if self.pid is None or self.ended.done() or not family.catches(self.pid, STACK_SIGNAL):
            return False
        self._told_bytes = self._fault_log_bytes()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, STACK_SIGNAL)
        return True

    def owes_stack(self) -> bool:
        """Whether it has not finished, or not begun, to write what was requested."""
        if self.pid is None or self.ended.done():
            return False
        # Between the kernel's taking the signal and the handler's first line, none of the process's sets has it.
        return self._fault_log_bytes() == self._told_bytes or family.is_busy_with(self.pid, STACK_SIGNAL)

    def _fault_log_bytes(self) -> int:
        try:
            return self._fault_log.lstat().st_size
        except OSError:
            return 0

    def _expire(self) -> None:
        """The deadline has passed: from here on no reply counts; where it hangs is written down before it goes."""
        self._doom = self._doom or Ending("deadline")
        self._kill_when_told(self._loop.time() + (_STACK_S if self.request_stack() else 0))

    def _kill_when_told(self, latest: float) -> None:
        if self._loop.time() < latest and self.owes_stack():
            self._loop.call_later(_STACK_INTERVAL_S, self._kill_when_told, latest)
        else:
            self.kill("deadline")

    def _kill_group(self) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _on_frame(self, payload: Payload) -> None:
        if self._doom:
            return  # too late
        if self._done is None:
            self.kill("protocol")  # a reply that nobody asked for
        else:
            self._deadline.lift()
            self._answer(payload)

    def _answer(self, payload: Payload | None) -> None:
        self._load.answered()
        done, self._done = self._done, None
        assert done  # noqa: S101 - narrows; somebody waits for it
        done(payload)

    def _on_pipe_end(self) -> None:
        """EOF is the notice of death; a process that lives on without its pipe is of no use to anybody."""
        if not self.ended.done():
            self._loop.call_later(_GRACE_S / 10, self.kill, "protocol")

    def _on_broken_pipe(self) -> None:
        self.kill("protocol")

    def _on_exit(self) -> None:
        """The fork server has reaped the process and written its exit code to the sentinel, or is gone itself."""
        assert self._process  # noqa: S101 - narrows the type; there is no sentinel before
        code = self._process.exit_code()
        if self._pipe:
            self._pipe.drain()  # the reply that it sent before it ended
        self._kill_group()  # what it started and left behind
        self._loop.run_in_executor(None, family.end_orphans)  # and what had left its group
        if code is None:
            self._doom, code = Ending("signal", reason=_NO_FORK_SERVER), -signal.SIGKILL
        if code == -signal.SIGKILL and self._group and self._group.ran_out_of_memory():
            self._doom = self._doom or Ending("memory", reason=f"it used all {self._limits.memory_bytes} bytes it may")
        doom = self._doom or Ending("signal" if code < 0 else "exit")
        doom.signal, doom.exit_code = (-code, None) if code < 0 else (None, code)
        self._finish(doom)

    def _finish(self, ending: Ending) -> None:
        if self.ended.done():
            return
        self.ended.set_result(ending)
        self._leave_group()
        if self._private:
            self._loop.run_in_executor(None, remove, self._private)
        self._deadline.close()
        if self._pipe:
            self._pipe.close()
            self._pipe = None  # it knows this worker: without a circle both are gone at once
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        if self._process:
            self._loop.remove_reader(self._process.sentinel)
            self._process.close()
        if self._done:
            self._answer(None)
