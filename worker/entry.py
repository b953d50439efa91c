"""The names of a worker that the gateway knows: what the processes run that it starts.

The gateway imports this module, so it imports nothing that an environment needs before it runs in the worker.
"""

import os
from multiprocessing.connection import Connection
from pathlib import Path

from protocol.facts import Confinement, Limits
from protocol.folder import FAULT_LOG, OUTPUT_LOG


def run_worker(
    pipe: Connection,
    instance_id: str,
    env_id: str,
    folder: Path,
    private: Path,
    limits: Limits,
    confinement: Confinement,
    max_frame_bytes: int,
    max_reply_bytes: int,
) -> None:
    """Serves commands from the pipe until a `Close` or the end of the pipe, then ends the process.

    `folder` is the instance's own: `rendered/`, `simulation/` and `logs/` are in it, and `private` for temporary files.
    """
    # Heavy, and not for the gateway.
    from worker import confinement as given_up  # noqa: PLC0415 - as said
    from worker import faults, last_will, serve, session  # noqa: PLC0415 - as said
    from worker import limits as own  # noqa: PLC0415 - as said

    own.die_with_parent()
    own.lead_own_group()
    connection = own.keep_only(pipe, folder / OUTPUT_LOG)
    own.be_called(f"gym-worker {instance_id} {env_id}")
    fault_log = faults.FaultLog(folder / FAULT_LOG)
    own.bind(limits)
    own.take_long_turns()
    os.chdir(folder)  # what the environment writes without saying where stays with the instance
    given_up.confine(confinement, folder, private)
    own.die_with_parent()  # anew, as becoming another user ends that
    code = serve.serve(connection, session.Session(folder), fault_log, max_frame_bytes, max_reply_bytes)
    last_will.end_family()
    # An environment's threads and exit handlers may hang; nothing of ours is left to be done.
    os._exit(code)


def run_template(pipe: Connection, env_id: str, imports: tuple[str, ...]) -> None:
    """Forks workers of the environment's kind as the pipe asks for them (protocol/templates.py), until its end."""
    # Heavy, and not for the gateway.
    from worker import last_will, template  # noqa: PLC0415 - as said
    from worker import limits as own  # noqa: PLC0415 - as said

    own.die_with_parent()
    control = own.keep_only(pipe, Path(os.devnull))
    own.be_called(f"gym-template {env_id}")
    try:
        if template.warm_up(control, env_id, imports):
            template.Template(control, run_worker).serve()
        last_will.end_family()
    finally:
        os._exit(0)


def run_nothing(_pipe: Connection) -> None:
    """Ends at once: that it ran shows that the fork server has warmed itself up."""
