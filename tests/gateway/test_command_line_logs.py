"""`gym-server logs`: what an environment has printed, and what it prints next, once each."""

import json
import re
import signal
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.worker_log import MAX_BYTES
from tests.gateway.program import WAIT_S, running, told
from tests.isolation.guest import Guest
from tests.server import Server

WORDS = ["python-out", "python-err", "child-out", "child-err", "c-out", "c-err: Success"]
LINE = re.compile(r"line [ 0-9]{8}\n")


def log_of(server: Server, guest: Guest) -> Path:
    """The file to which the environment's streams go; what a test appends, a child of it could have printed."""
    return server.data_dir / guest.instance_id / "logs" / "output.log"


def append(log: Path, text: str) -> None:
    """The text is printed."""
    with log.open("a") as file:
        file.write(text)


def line(process: "subprocess.Popen[str]") -> str:
    """The next line of a command's output."""
    assert process.stdout
    return process.stdout.readline()


def test_logs_tells_what_was_printed(server: Server) -> None:
    """By Python, by children and by C; all of it, or the last lines."""
    guest = Guest(server, "Prints")
    guest.misbehave()
    assert told(server, "logs", guest.instance_id).splitlines() == WORDS
    assert told(server, "logs", guest.instance_id, "--tail", "2").splitlines() == WORDS[-2:]
    assert told(server, "logs", guest.instance_id, "--tail", "0") == ""
    assert json.loads(told(server, "logs", guest.instance_id[:6], "--json"))["log"].split("\n") == [*WORDS, ""]
    guest.close()


def test_what_an_environment_prints_does_not_drive_the_terminal(server: Server) -> None:
    """Lines and tabs stay, all else is shown; a script gets it as it is."""
    guest = Guest(server, "Well")
    append(log_of(server, guest), "a\tb\n\x1b[2Jc\rd\n")
    assert told(server, "logs", guest.instance_id) == "a\tb\n\\x1b[2Jc\\rd\n"
    assert json.loads(told(server, "logs", "--json", guest.instance_id))["log"] == "a\tb\n\x1b[2Jc\rd\n"
    guest.close()


@pytest.mark.parametrize("ending", ["crash", "close"])
def test_following_ends_with_the_instance(server: Server, ending: str) -> None:
    """Code 0, after all that was printed until then, and the reason on stderr."""
    guest = Guest(server, "Prints")
    append(log_of(server, guest), "begun\n")
    with running(server, "logs", "-f", guest.instance_id) as process:
        assert line(process) == "begun\n"
        if ending == "crash":
            guest.misbehave()
            assert [line(process).rstrip() for _ in WORDS] == WORDS
        else:
            guest.close()
        out, err = process.communicate(timeout=WAIT_S)
        end = "has crashed" if ending == "crash" else "is closed"
        assert (process.returncode, out, err) == (0, "", f"gym-server: {guest.instance_id} {end}\n")
    guest.close()


def test_following_tells_every_line_once(server: Server) -> None:
    """Also when all lines are equal, and more than one look gets; a character in two halves is one in the end."""
    guest = Guest(server, "Well")
    log = log_of(server, guest)
    with running(server, "logs", "-f", guest.instance_id) as process:
        for _ in range(3):
            append(log, "tick\n" * 20_000)
            assert [line(process) for _ in range(20_000)] == ["tick\n"] * 20_000
        for half in "é\n".encode()[:1], "é\n".encode()[1:]:
            with log.open("ab") as file:
                file.write(half)
        assert line(process) == "é\n"
        guest.close()
        assert process.communicate(timeout=WAIT_S)[0] == ""


def test_following_goes_on_behind_a_cut(server: Server) -> None:
    """Where the server has cut the log, nothing is told twice; what nobody could read in time is a marked gap."""
    guest = Guest(server, "Well")
    log = log_of(server, guest)
    printed = [f"line {number:8}\n" for number in range(700_000)]
    with running(server, "logs", "-f", guest.instance_id) as process:
        append(log, "first\n")
        assert line(process) == "first\n"
        append(log, "".join(printed))
        told_lines = list(iter(lambda: line(process), printed[-1]))
        while log.stat().st_size > MAX_BYTES:
            pass  # the server looks once a second
        append(log, "after the cut\n")
        assert line(process) == "after the cut\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=WAIT_S) == ("", "")
    numbers = [-1, *(int(each.removeprefix("line ")) for each in told_lines if LINE.fullmatch(each)), len(printed) - 1]
    jumps = [after - before for before, after in pairwise(numbers) if after != before + 1]
    assert all(jump > 0 for jump in jumps)
    assert len(jumps) == len([each for each in told_lines if "more was printed" in each])
    guest.close()
