"""The server as a whole: what it is made of, how it starts and how it ends. The only file that knows all others."""

import asyncio
import contextlib
import logging
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import uvloop
from aiohttp import web

from gateway.artifacts.files import artifacts_app
from gateway.awake import Load
from gateway.body import with_whole_body
from gateway.cgroup_tree import CgroupTree
from gateway.config import Config
from gateway.confinement import keep_to_itself, unreachable
from gateway.dashboard.pages import Dashboard
from gateway.dialects.first import First
from gateway.dialects.v1 import V1
from gateway.dialects.v2 import V2
from gateway.dialects.v2_docs import V2Docs
from gateway.dialects.v2_registry import V2Registry
from gateway.dialects.v2_scoreboard import V2Scoreboard
from gateway.dialects.v2_socket import V2Socket
from gateway.errors import errors_as_responses
from gateway.family import adopt_orphans
from gateway.forwarding import Forwarder
from gateway.gateway_log import set_up_logging
from gateway.health import Health
from gateway.retention import forget_old_artifacts
from gateway.routes import Dialect, add_routes
from gateway.scoreboard import SchemaTooNew, Scoreboard
from gateway.scoreboard_page import ScoreboardPage
from gateway.security.ports import Ports
from gateway.security.settings import warnings, why_not
from gateway.supervisor import Supervisor
from gateway.uploads import Uploads
from gateway.workers.forkserver import ForkServer
from gateway.workers.starter import Starter

log = logging.getLogger(__name__)
access_log = logging.getLogger("gateway.access")


def serve(config: Config) -> int:
    """Serves until SIGTERM or Ctrl-C; the exit code of the process."""
    set_up_logging(config)
    if refusal := why_not(config.host, config.security):
        log.error(refusal)
        return 1
    for warning in warnings(config.host, config.security):
        log.warning(warning)
    _raise_descriptor_limit()
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.error("--data-dir: %s", error)  # noqa: TRY400 - the operator needs the reason, not our stack
        return 1
    if reason := unreachable(config.confining, config.data_dir):
        log.error(reason)
        return 1
    if config.imports and (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)  # workers search what this process does; `python -m gateway` has it there already
    keep_to_itself()
    adopt_orphans()
    cgroups = CgroupTree.enter()
    log.log(logging.INFO if cgroups.controllers else logging.DEBUG, cgroups.summary)  # most machines have none
    forkserver = ForkServer()
    forkserver.open()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(config, forkserver, cgroups))
    finally:
        forkserver.close()
        cgroups.leave()


def gateway_app(
    config: Config,
    supervisor: Supervisor,
    scoreboard: Scoreboard,
    uploads: Uploads,
    artifacts_port: int,
    end: Callable[[], None],
) -> web.Application:
    """The API, on the first port; `end` ends the server."""
    app = web.Application(client_max_size=config.max_body_bytes, middlewares=[errors_as_responses, with_whole_body])
    may_end = end if config.allow_shutdown else None
    sockets = V2Socket(supervisor, supervisor.leases, artifacts_port, config.max_message_bytes)
    dashboard = Dashboard(supervisor, config.data_dir, artifacts_port)
    app.on_shutdown.extend((sockets.close, dashboard.close))
    native: list[Dialect] = [
        V2(supervisor, artifacts_port),
        V2Registry(supervisor.registry),
        V2Scoreboard(supervisor, scoreboard, uploads),
        sockets,
    ]
    dialects: list[Dialect] = [
        V1(supervisor, uploads, may_end, has_flat_reset=config.v1_flat_reset),
        *native,
        V2Docs([route for dialect in native for route in dialect.routes()]),
        dashboard,
        ScoreboardPage(config.data_dir),
        Health(supervisor, supervisor.metrics),
        *([First(supervisor, config.default_env)] if config.default_env else []),
    ]
    add_routes(app, [route for dialect in dialects for route in dialect.routes()])
    return app


async def _serve(config: Config, forkserver: ForkServer, cgroups: CgroupTree) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    starter = Starter(forkserver, config.imports)
    supervisor = Supervisor(config, starter, cgroups, Load())
    async with contextlib.AsyncExitStack() as stack:
        artifacts = artifacts_app(config.data_dir, supervisor, supervisor.owners.hides)
        try:
            ports = Ports(config, supervisor.owners, access_log if config.access_log else None)
            artifacts_url = await stack.enter_async_context(
                ports.open(artifacts, config.artifacts_port, has_streams=True)
            )
            scoreboard = await Scoreboard.open(config.data_dir / "scoreboard.sqlite3")
            stack.push_async_callback(scoreboard.close)
            forwarder = Forwarder(scoreboard, config.data_dir, config.upload_to) if config.upload_to else None
            uploads = Uploads(scoreboard, config.data_dir, config.upload_keys, forwarder)
            artifacts_port = int(artifacts_url.rpartition(":")[2])
            gateway = gateway_app(config, supervisor, scoreboard, uploads, artifacts_port, stop.set)
            gateway_url = await stack.enter_async_context(ports.open(gateway, config.port))
        except (SchemaTooNew, sqlite3.Error) as error:
            log.error("the scoreboard cannot be opened: %s", error)  # noqa: TRY400 - as below
            return 1
        except OSError as error:
            log.error("cannot listen: %s", error)  # noqa: TRY400 - the operator needs the reason, not our stack
            return 1
        stack.push_async_callback(supervisor.end)
        await stack.enter_async_context(_running(supervisor.watch_over.run()))
        forgetting = forget_old_artifacts(config.data_dir, config.keep_artifacts_s, supervisor.ids)
        await stack.enter_async_context(_running(forgetting))
        if forwarder:
            await stack.enter_async_context(_running(forwarder.run()))
        if config.security.tokens:
            await stack.enter_async_context(_running(supervisor.allowances.run()))
        await starter.warm_up()
        print(f"gateway {gateway_url}\nartifacts {artifacts_url}", flush=True)  # noqa: T201 - the promise of the command line
        await stop.wait()
        log.info("ending")
    return 0


@contextlib.asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """The endless work goes on meanwhile."""
    task = asyncio.create_task(work)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.critical("a task of the server has failed", exc_info=error)


def _raise_descriptor_limit() -> None:
    """An instance costs four descriptors; the usual soft limit of 1,024 would end at some 250."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
