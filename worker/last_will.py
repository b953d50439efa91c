"""The end of a process of ours, by its own will: nobody below it outlives it.

As long as the gateway lives it adopts whom a worker leaves behind, and ends them. When it is gone, by a SIGKILL for
instance, the pipes that it held come to their end: workers that wait for a command end themselves, and the fork server
goes the ordinary way of Python and ends all others, hung or not; both pass here, and adopt what they find below.
"""

import atexit
import contextlib
import os
import signal
from pathlib import Path

from worker.limits import adopt_orphans


def end_family_at_exit() -> None:
    """When this process ends, all of its descendants have ended, whatever they do."""
    atexit.register(_end_family_of, os.getpid())
    # A SIGKILL to the gateway's whole process group shall leave somebody who can see to the rest.
    os.setpgid(0, 0)


def end_family() -> None:
    """This process has no descendants any more."""
    adopt_orphans()
    while children := _children():
        for pid in children:
            with contextlib.suppress(PermissionError):  # it has become somebody else, by a setuid program
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):  # an environment may have told the system to reap them
                os.waitpid(pid, 0)  # by then its own children have become ours


def _end_family_of(owner: int) -> None:
    if os.getpid() == owner:  # and no fork that an environment has made and that comes to its end
        end_family()


def _children() -> list[int]:
    """Of all threads: a child belongs to the one that started it."""
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended
            found.extend(map(int, (thread / "children").read_text().split()))
    return found
