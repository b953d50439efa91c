"""`gym-server top`: live on a terminal, one table for everything else, and the terminal afterwards as it was."""

import json
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.program import WAIT_S, told
from tests.gateway.terminal import COLUMNS, ROWS, at_terminal
from tests.isolation.guest import Guest
from tests.server import Server

SECOND_SCREEN, FIRST_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
HIDDEN_CURSOR, CURSOR = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients whose step never comes back."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


def ids(lines: list[str], guests: list[Guest]) -> list[str]:
    """Whose rows the lines are, from the top."""
    known = {guest.instance_id for guest in guests}
    return [line.split()[0] for line in lines if line and line.split()[0] in known]


def test_it_lives(server: Server, pool: ThreadPoolExecutor) -> None:
    """An instance that comes, one that crashes and one that works hard are seen within a moment."""
    with at_terminal(server, "top") as terminal:
        terminal.screen("no instances")
        guests = [Guest(server, name) for name in ("Well", "HangsInPython", "Exits")]
        lines = terminal.screen(r"3 ready[^\0]*test/Exits-v0")
        assert server.url in lines[0]
        assert lines[3].split()[:3] == ["id", "env", "state"]
        guests[2].misbehave()
        guests[1].begin(pool)
        terminal.screen(r"test/Exits-v0 +crashed")
        lines = terminal.screen(r"test/HangsInPython-v0 +busy +\d+ +0 +- +\d\d")
        assert lines[4].split()[0] == guests[1].instance_id, "who uses most of the processor is first"
        terminal.press("q")
        assert terminal.process.wait(WAIT_S) == 0
    guests[1].kill()
    for guest in guests:
        guest.close()


def test_keys_choose_the_order(server: Server) -> None:
    """The next column and the one before, reversed or not; also by the arrows."""
    guests = [Guest(server, "Well") for _ in range(3)]
    oldest_first = [guest.instance_id for guest in guests]
    with at_terminal(server, "top", "--sort", "age") as terminal:
        assert ids(terminal.screen("ordered by age"), guests) == oldest_first
        terminal.press("r")
        assert ids(terminal.screen("ordered by age, reversed"), guests) == oldest_first[::-1]
        terminal.press("r<<<<")
        terminal.screen(r"ordered by cpu%\s")
        terminal.press("\x1b[C\x1bOC\x1b[C>>>")
        assert ids(terminal.screen("ordered by id"), guests) == sorted(oldest_first)
        terminal.press("\x1b[A\x1b[5~xyz")
        terminal.screen("ordered by id")
        terminal.press("q")
        assert terminal.process.wait(WAIT_S) == 0
    for guest in guests:
        guest.close()


@pytest.mark.parametrize("end", ["q", "\x03", "SIGTERM", "SIGHUP"], ids=["q", "Ctrl-C", "SIGTERM", "SIGHUP"])
def test_the_terminal_is_given_back(server: Server, end: str) -> None:
    """However it ends: the screen, the cursor and the keys as they were, and not a word."""
    with at_terminal(server, "top") as terminal:
        before = terminal.modes
        terminal.screen("ordered by cpu%")
        assert SECOND_SCREEN + HIDDEN_CURSOR in terminal.raw
        assert terminal.modes != before
        if end.startswith("SIG"):
            terminal.process.send_signal(signal.Signals[end])
        else:
            terminal.press(end)
        rest = terminal.rest()
        assert terminal.process.returncode == (128 + signal.Signals[end] if end.startswith("SIG") else 0)
        assert rest.endswith(CURSOR + FIRST_SCREEN)
        assert terminal.modes == before


def test_a_server_that_ends_is_said_on_the_screen_that_stays(own_server: Server) -> None:
    """One line with its URL, and code 1."""
    with at_terminal(own_server, "top") as terminal:
        terminal.screen("no instances")
        own_server.stop()
        _, _, after = terminal.rest().rpartition(FIRST_SCREEN)
        assert terminal.process.returncode == 1
        assert re.fullmatch(rf"gym-server: {own_server.url} cannot be reached: .*\r\n", after)


def test_what_does_not_fit_is_cut(server: Server) -> None:
    """No line wraps, and the headings stay; wide characters count twice, control characters do nothing."""
    label = {"note": "漢字\x1b[31m" * 20}
    guests = [Guest(server, "Well", labels=label) for _ in range(ROWS)]
    with at_terminal(server, "top") as terminal:
        lines = terminal.screen("12 ready")
        terminal.press("q")
        terminal.rest()
    assert len(lines) == ROWS
    assert "漢字\\x1b[31m" in lines[-1]
    assert max(len(line) + line.count("漢") + line.count("字") for line in lines) in {COLUMNS - 1, COLUMNS}
    for guest in guests:
        guest.close()


def test_without_a_terminal_it_is_one_table(server: Server, pool: ThreadPoolExecutor) -> None:
    """In the order that was asked for; for scripts the same as objects."""
    guests = [Guest(server, name) for name in ("Well", "HangsInPython")]
    guests[1].begin(pool)
    table = told(server, "top")
    assert "\x1b" not in table
    assert table.split()[:7] == ["id", "env", "state", "pid", "steps/s", "p99", "cpu%"]
    assert ids(table.splitlines(), guests) == [guests[1].instance_id, guests[0].instance_id]
    by_env = told(server, "top", "--sort", "env", "--reverse").splitlines()
    assert ids(by_env, guests) == [guests[0].instance_id, guests[1].instance_id]
    listed = {each["instance_id"]: each for each in json.loads(told(server, "top", "--json"))["envs"]}
    assert listed[guests[1].instance_id]["cpu_percent"] > listed[guests[0].instance_id]["cpu_percent"]
    guests[1].kill()
    for guest in guests:
        guest.close()
