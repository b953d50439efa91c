"""The one name of a worker that the gateway knows.

The gateway imports this module, so it imports nothing that an environment needs before it runs in the worker.
"""

import os
from multiprocessing.connection import Connection
from pathlib import Path


def run_worker(
    pipe: Connection,
    instance_id: str,
    env_id: str,
    folder: Path,
    max_frame_bytes: int,
    max_reply_bytes: int,
) -> None:
    """Serves commands from the pipe until a `Close` or the end of the pipe, then ends the process.

    `folder` is the instance's own: `rendered/`, `simulation/` and `logs/` are in it.
    """
    from worker import limits, serve, session  # noqa: PLC0415 - heavy, and not for the gateway

    limits.die_with_parent()
    limits.lead_own_group()
    connection = limits.keep_only(pipe, folder / "logs" / "output.log")
    limits.be_called(f"gym-worker {instance_id} {env_id}")
    serve.serve(connection, session.Session(folder), max_frame_bytes, max_reply_bytes)
    # An environment's threads and exit handlers may hang; nothing of ours is left to be done.
    os._exit(0)
