"""The commands for a running server: what they tell, what they do, and that they say why they cannot."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gateway.program import PROGRAM, WAIT_S, run, running, told
from tests.isolation.guest import Guest
from tests.server import ROOT, Server

COMMANDS = ("run", "ls", "top", "kill", "close", "logs", "stack", "rollout")
INSTALLED = (str(Path(sys.executable).with_name("gym-server")),)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients whose step never comes back."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


def rows(table: str) -> dict[str, dict[str, str]]:
    """The cells of a table by the id of their instance and their heading."""
    heading, *lines = table.splitlines()
    return {line.split()[0]: dict(zip(heading.split(), line.split(), strict=True)) for line in lines}


@pytest.mark.parametrize("program", [PROGRAM, INSTALLED], ids=["python -m gateway", "gym-server"])
def test_help_lists_the_commands(program: tuple[str, ...]) -> None:
    """And `run --help` the settings of a server."""
    listed = run("", "--help", program=program).stdout
    assert set(COMMANDS) <= set(re.findall(r"^    (\w+) ", listed, re.MULTILINE))
    assert "--max-instances" in run("", "run", "--help", program=program).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """What it takes."""
    done = run("", command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: gym-server {command} ")


@pytest.mark.parametrize("arguments", [["lst"], ["ls", "one"], ["kill"], ["rollout", "CartPole-v1", "--episodes", "0"]])
def test_arguments_that_cannot_be_read_are_code_2(arguments: list[str]) -> None:
    """With the usage, as programs do."""
    done = run("", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: gym-server")


def test_ls_shows_what_every_instance_does(server: Server) -> None:
    """A row for each, under headings."""
    guest = Guest(server, "Well", labels={"run": "7", "by": "me"})
    guest.behave()
    row = rows(told(server, "ls"))[guest.instance_id]
    assert list(row) == [
        "id",
        "env",
        "state",
        "pid",
        "steps/s",
        "p99",
        "cpu",
        "memory",
        "queue",
        "idle",
        "age",
        "labels",
    ]
    assert (row["env"], row["state"], row["pid"]) == ("test/Well-v0", "ready", str(guest.pid))
    assert (row["queue"], row["labels"]) == ("0", "run=7,by=me")
    assert re.fullmatch(r"[0-9.]+(us|ms|s)", row["p99"])
    guest.close()


def test_ls_tells_scripts_the_documents(server: Server) -> None:
    """What `GET /v2/envs` answers."""
    guest = Guest(server, "Well")
    changing = {"idle_s", "steps_per_s", "rss_bytes", "cpu_s"}
    (mine,) = [each for each in json.loads(told(server, "ls", "--json"))["envs"] if each["pid"] == guest.pid]
    now = guest.document().json()
    assert mine.keys() == now.keys()
    assert not {name for name in mine if mine[name] != now[name]} - changing
    guest.close()


def test_what_a_client_has_named_does_not_drive_the_terminal(server: Server) -> None:
    """Control characters are shown, not sent: in labels, and in an id that is repeated to its writer."""
    guest = Guest(server, "Well", labels={"\x1b]0;title\x07": "\x9b2J\n\u202ereversed"})
    assert rows(told(server, "ls"))[guest.instance_id]["labels"] == r"\x1b]0;title\x07=\x9b2J\n\u202ereversed"
    assert r"\x1b[2J" in run(server, "kill", "\x1b[2J").stderr
    assert told(server, "ls", "--json").isascii()
    guest.close()


def test_kill_ends_an_environment_that_hangs_and_tells_how_it_died(server: Server, pool: ThreadPoolExecutor) -> None:
    """By the beginning of its id; its caller gets 502, and the one beside it lives on."""
    guest, other = Guest(server, "HangsInPython"), Guest(server, "Well")
    answer = guest.begin(pool)
    story = told(server, "kill", guest.instance_id[:7])
    assert re.match(rf"{guest.instance_id}: its process was killed on request, [0-9.]+ s into its step, after", story)
    assert answer.result(WAIT_S).status_code == 502
    assert other.behave().status_code == 200
    report = json.loads(told(server, "kill", guest.instance_id, "--json"))
    assert report == {"instance_id": guest.instance_id} | guest.document().json()["crash"]
    for each in (guest, other):
        each.close()


def test_kill_of_one_that_has_crashed_tells_how_it_crashed(server: Server) -> None:
    """The last that it printed included."""
    guest = Guest(server, "Prints")
    guest.misbehave()
    story = told(server, "kill", guest.instance_id).splitlines()
    assert "its process exited with code 6" in story[0]
    assert "    child-out" in story
    guest.close()


def test_a_mistyped_id_kills_nobody(server: Server) -> None:
    """One that is unknown, empty, or the beginning of several; also not those beside it."""
    guests = [Guest(server, "Well") for _ in range(17)]  # of so many, two begin with the same digit
    ids = [guest.instance_id for guest in guests]
    shared = next(first for first in "0123456789abcdef" if sum(each.startswith(first) for each in ids) > 1)
    for wrong, why in {"xyz": "no instance", "": "no instance", shared: "the beginning of several"}.items():
        done = run(server, "kill", ids[0], wrong)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert {guest.document().json()["state"] for guest in guests} == {"ready"}
    for guest in guests:
        guest.close()


def test_an_error_of_the_server_is_its_detail(server: Server) -> None:
    """Code 1; what could be done for the other instances is done."""
    gone, guest = Guest(server, "Well"), Guest(server, "Well")
    gone.close()
    done = run(server, "kill", gone.instance_id, guest.instance_id)
    assert done.returncode == 1
    assert done.stderr == f"gym-server: instance {gone.instance_id} was closed; create another one\n"
    assert done.stdout.startswith(f"{guest.instance_id}: its process was killed on request, while it did nothing")
    guest.close()


def test_close_lets_instances_end_themselves(server: Server) -> None:
    """Several at once, and twice the same one."""
    guests = [Guest(server, "Well") for _ in range(2)]
    ids = [guest.instance_id for guest in guests]
    assert told(server, "close", *ids, ids[0]) == "".join(f"{each} is closed\n" for each in ids)
    assert {guest.document().status_code for guest in guests} == {410}


def test_stack_names_the_line_at_which_an_environment_hangs(server: Server, pool: ThreadPoolExecutor) -> None:
    """As often as it is asked."""
    guest = Guest(server, "HangsInPython")
    guest.begin(pool)
    for _ in range(2):
        assert 'tests/envs.py", line' in told(server, "stack", guest.instance_id)
    assert "misbehave" in json.loads(told(server, "stack", guest.instance_id, "--json"))["stack"]
    guest.kill()
    guest.close()


@pytest.mark.parametrize(
    "arguments",
    [["ls"], ["top"], ["kill", "ce2dbb50"], ["close", "ce"], ["logs", "-f", "ce2dbb50"], ["stack", "ce"],
     ["rollout", "CartPole-v1"]],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_server_that_is_not_there_is_one_line_and_code_1(arguments: list[str]) -> None:
    """Which names the URL, from the flag before the variable."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = run("http://nowhere.invalid", *arguments, "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gym-server: {url} cannot be reached: Connection refused\n"


def test_another_kind_of_server_is_said_to_be_one() -> None:
    """Whatever listens at the port."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=ROOT / "tests", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as foreign:
        assert foreign.stdout
        url = re.search(r"http://[0-9.:]+", foreign.stdout.readline())
        assert url
        done = run(url[0], "ls")
        foreign.kill()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gym-server: {url[0]} does not answer as a gym-server does: 404 File not found\n"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "http://127.0.0.1:port", "http://[::1"])
def test_what_is_no_url_is_said_to_be_none(url: str) -> None:
    """Before anything is tried."""
    done = run(url, "ls")
    assert (done.returncode, done.stderr) == (
        1, f"gym-server: {url!r} is not the URL of a server, such as http://127.0.0.1:5000\n"
    )  # fmt: skip


def test_who_has_read_enough_may_leave(server: Server) -> None:
    """As `head` does: no traceback."""
    with running(server, "ls", "--json") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(WAIT_S) == 1


def test_a_ctrl_c_is_no_traceback(server: Server) -> None:
    """130, as a shell has it."""
    guest = Guest(server, "Well")
    with running(server, "logs", "-f", "--json", guest.instance_id) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
        assert process.wait(WAIT_S) == 128 + signal.SIGINT
    guest.close()
