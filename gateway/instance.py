"""One environment as a client knows it: its id, its state, its worker, its counters.

Commands run one at a time in the order in which they came; a crash of the worker is noticed at once, whether a
command runs or not. Knows no HTTP.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.crash import TRACEBACK_BYTES, CrashCount, crash_report, gone_error, lost_error
from gateway.family import Usage
from gateway.lifecycle import ALIVE, Dialect, OnCrash, State, may_become
from gateway.making import make_in
from gateway.observer import Observer
from gateway.replay import Key, Replay
from gateway.replied import Done, Outcome, Replied
from gateway.stack import written_stack
from gateway.statistics import Statistics
from gateway.turns import Turns
from gateway.worker_log import WorkerLog
from gateway.workers.base import Ending, Hold, Payload, Worker, WorkerLost
from protocol import codec, messages
from protocol.errors import FramingError, GymServerError, InternalError
from protocol.facts import Cause, CrashReport, Limits
from protocol.folder import FAULT_LOG, OLDER_OUTPUT_LOG, OUTPUT_LOG


class Instance:
    """An environment in a worker; made by the supervisor.

    Every command raises `InstanceGone` where there is no worker any more, `WorkerCrashed` or `DeadlineExceeded`
    where it ends while the command runs, `LimitReached` where too many commands wait already, and otherwise the
    error with which the worker answered.
    """

    def __init__(
        self,
        instance_id: str,
        make: messages.Make,
        folder: Path,
        new_worker: Callable[["Instance"], Worker],
        *,
        dialect: Dialect,
        limits: Limits,
        queue_length: int,
        observer: Observer,
        on_crash: OnCrash | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self.instance_id = instance_id
        self.env_id = make.env_id
        self.folder = folder
        self.dialect = dialect
        self.limits = limits
        self.on_crash: OnCrash = on_crash or ("fail" if dialect == "v2" else "restart")
        self.autoreset = make.autoreset
        self.labels = labels or {}
        self.created_at = datetime.now(UTC)
        self.state = State.STARTING
        self.made: messages.Made | None = None
        self.crash: CrashReport | None = None
        self.restarts = 0
        self.statistics = Statistics(make.autoreset)
        self.usage, self.hold = Usage(0, 0.0, 0), Hold()
        self.output_log = WorkerLog(folder / OUTPUT_LOG, folder / OLDER_OUTPUT_LOG)
        self.fault_log = WorkerLog(folder / FAULT_LOG)
        self.is_recording = False
        self._make = make
        self._new_worker = new_worker
        self._worker: Worker | None = None
        self.turns = Turns(queue_length)
        self._observer = observer
        self.command: tuple[str, float] | None = None  # that runs, and since when
        self._used_at = time.monotonic()
        self._crashes = CrashCount()
        self.replay: Replay[messages.AnyCommand, messages.AnyReply] = Replay()
        self.kills: Replay[None, CrashReport] = Replay()  # of their own, as they wait for no turn

    @property
    def pid(self) -> int | None:
        """The worker's process, while there is one."""
        return self._worker.pid if self._worker and self.state in ALIVE else None

    @property
    def idle_s(self) -> float:
        """Seconds since the last command ended; 0 while one runs."""
        return 0.0 if self.command else time.monotonic() - self._used_at

    async def start(self) -> None:
        """A fresh worker has built the environment.

        Raises:
            GymServerError: it could not, and there is no worker.
        """
        async with self.turns:
            await self._start()

    async def reset(self, command: messages.Reset, key: Key | None = None) -> messages.Observed:
        """An episode has begun; in a fresh worker if the last one crashed and `on_crash` is "restart"."""
        reply = await self._run(command, key)
        assert isinstance(reply, messages.Observed)  # noqa: S101 - narrows; SPEC.md: the only reply to a reset but a failure
        return reply

    async def step(self, command: messages.Step, key: Key | None = None) -> messages.Stepped:
        """The actions are taken; each of them may take as long as a step may."""
        reply = await self._run(command, key)
        assert isinstance(reply, messages.Stepped)  # noqa: S101 - narrows, as in reset
        return reply

    def begin(self, command: messages.AnyCommand, key: Key | None, done: Done) -> bool:
        """Whether the command runs, as nothing stands in its way; if so `done` is called with what comes of it."""
        worker, may_run = self._worker, self.state is State.READY and not (key and not self.replay.is_new(key))
        if worker is None or not may_run or not self.turns.take_now():
            return False

        def ended(outcome: Outcome) -> None:
            if key:
                self.replay.keep(key, command, outcome)
            self.turns.give()
            done(outcome)

        self._send(worker, command, ended)
        return True

    def _deadline_s(self, command: messages.AnyCommand) -> float:
        if isinstance(command, messages.Step):
            return self.limits.step_s * len(command.actions)
        return self.limits.reset_s if isinstance(command, messages.Reset) else self.limits.render_s

    async def ask(self, command: messages.AnyCommand, key: Key | None = None) -> messages.AnyReply:
        """The reply to any other command."""
        reply = await self._run(command, key)
        if isinstance(command, messages.StartMonitor | messages.CloseMonitor):
            self.is_recording = isinstance(command, messages.StartMonitor)
        return reply

    async def show(self, command: messages.AnyCommand) -> None:
        """A picture is drawn for those who look, in its turn, but without a place in the client's queue."""
        async with self.turns.unrefused():
            await self._run_now(command)

    async def close(self) -> None:
        """There is no worker; the environment has closed itself, unless it would not in time."""
        async with self.turns.unrefused():
            if self.state is State.CLOSED:
                return
            was_ready = self.state is State.READY
            self._become(State.CLOSED)
            if worker := self._worker:
                if was_ready:
                    with contextlib.suppress(WorkerLost):
                        await worker.call(codec.encode(messages.Close()), self.limits.close_s)
                worker.kill("killed")
                await asyncio.shield(worker.ended)
            self.discard()

    def discard(self) -> None:
        """What the gateway holds for an instance without a worker is given back."""
        self.output_log.close()
        self.fault_log.close()
        self.replay = Replay()

    async def kill(self) -> CrashReport:
        """The worker and all it started are dead, whatever they did; the report says so, or how it ended before.

        Raises:
            InstanceGone: the instance was closed.
        """
        if self.state in ALIVE and self._worker:
            self._worker.kill("killed")
            await asyncio.shield(self._worker.ended)
        if self.crash is None:
            raise self._gone()
        return self.crash

    def end(self, cause: Cause, reason: str) -> None:
        """The worker is killed because it broke a limit."""
        if self._worker and self.state in ALIVE:
            self._worker.kill(cause, reason)

    async def stack(self) -> str:
        """The Python stack of every thread of the worker at this moment, also while it hangs.

        Raises:
            InstanceGone: there is no worker.
            Unsupported: it does not answer; the text says in what state the process is.
        """
        if self._worker is None or self.state not in ALIVE:
            raise self._gone()
        return await written_stack(self._worker, self.fault_log)

    async def _start(self) -> None:
        worker = self._worker = self._new_worker(self)
        worker.ended.add_done_callback(lambda ended: self._on_ended(worker, ended.result()))
        self.command = ("make", time.monotonic())
        try:
            self.made = await make_in(worker, self._make, self.limits.start_s)
        except (WorkerLost, FramingError):
            worker.kill("protocol")  # which one that has ended already does not mind
            raise self._lost(worker, await asyncio.shield(worker.ended)) from None
        except BaseException:
            if self.made is None:
                self._become(State.CLOSED)  # there never was an environment, so nothing has crashed
            worker.kill("killed")
            await asyncio.shield(worker.ended)
            raise
        finally:
            self.command, self._used_at = None, time.monotonic()
        self.env_id = self.made.env_id
        self._become(State.READY)

    async def _run(self, command: messages.AnyCommand, key: Key | None) -> messages.AnyReply:
        replied = Replied()
        if self.begin(command, key, replied.settle):
            return await replied.reply()
        async with self.turns:
            if key is None:
                return await self._run_now(command)
            return await self.replay.once(key, command, lambda: self._run_now(command))

    async def _run_now(self, command: messages.AnyCommand) -> messages.AnyReply:
        if self.state is State.CRASHED and self.on_crash == "restart" and isinstance(command, messages.Reset):
            await self._restart()
        worker = self._worker
        if worker is None or self.state is not State.READY:
            raise self._gone()
        replied = Replied()
        self._send(worker, command, replied.settle)
        try:
            return await replied.reply()
        except asyncio.CancelledError:
            worker.kill("killed")  # its turn ends here, and the next command must not meet this one
            raise

    def _send(self, worker: Worker, command: messages.AnyCommand, done: Done) -> None:
        self._become(State.BUSY)
        self.command = (str(command.__struct_config__.tag), time.monotonic())
        worker.send(codec.encode(command), self._deadline_s(command), partial(self._answered, worker, done))

    def _answered(self, worker: Worker, done: Done, payload: Payload | None) -> None:
        """The instance is ready for the next command, unless it crashed meanwhile; what it took is counted."""
        try:
            outcome = self._lost(worker, worker.ended.result()) if payload is None else codec.outcome(payload)
        except FramingError:
            worker.kill("protocol")
            worker.ended.add_done_callback(lambda _ended: self._answered(worker, done, None))
            return
        assert self.command  # noqa: S101 - narrows; it was set when the command was sent
        (op, began), now, code = self.command, time.monotonic(), "ok"
        self.command, self._used_at = None, now
        if self.state is State.BUSY:
            self._become(State.READY)
        if isinstance(outcome, GymServerError):
            code = outcome.code
        else:
            self.statistics.saw(outcome)
        self.statistics.took(op, now - began)
        self._observer.command_ended(op, code, now - began)
        done(outcome)

    async def _restart(self) -> None:
        if self._crashes.are_too_many():
            self.on_crash = "fail"
            raise self._gone()
        self._become(State.STARTING)
        self.crash = None
        self.restarts += 1
        await self._start()

    def _on_ended(self, worker: Worker, ending: Ending) -> None:
        if worker is not self._worker or self.state not in ALIVE:
            return
        faults = self.fault_log.untold(TRACEBACK_BYTES)
        self.crash = crash_report(ending, self.command, self.statistics.steps, self.output_log, faults)
        self._crashes.count()
        self._observer.crashed(ending.cause)
        self._become(State.CRASHED)

    def _lost(self, worker: Worker, ending: Ending) -> GymServerError:
        """The error for the caller whose command ran when the worker ended."""
        self._on_ended(worker, ending)  # the callback that says so may not have run yet
        return lost_error(self.instance_id, ending, self.crash, restarts=self.on_crash == "restart")

    def _gone(self) -> GymServerError:
        """The error for a command that finds no worker."""
        return gone_error(self.instance_id, self.crash, restarts=self.on_crash == "restart")

    def _become(self, state: State) -> None:
        if not may_become(self.state, state):
            raise InternalError(f"instance {self.instance_id} cannot go from {self.state} to {state}")
        self.state = state
        self.is_recording = self.is_recording and state in ALIVE
