"""What a row of the dashboard calls trouble, and how a snapshot tells what has changed. Pure."""

import json

import pytest

from gateway.dashboard.snapshot import Snapshot
from gateway.dashboard.trouble import NOTABLE, SEVERE, SLIGHT, Signs, trouble
from protocol.facts import CrashReport

NOW = 1_700_000_000.0
MACHINE = {"load": 0.5, "cores": 2}
WELL = Signs(
    crash=None,
    command=None,
    running_s=None,
    idle_s=0.0,
    deadline_s=60.0,
    rss_bytes=50 << 20,
    memory_limit_bytes=1 << 30,
    cpu_percent=95,
    queue=1,
    step_p99_s=0.002,
    restarts=0,
    picture_error=None,
)


def crash(cause: str, **facts: object) -> CrashReport:
    """A report of that cause."""
    return CrashReport(cause=cause, at="2026-01-02T03:04:05.678+00:00", **facts)  # type: ignore[arg-type]  # as given


def test_one_that_works_hard_is_in_no_trouble() -> None:
    """A whole core is what an environment may use while it steps."""
    assert trouble(WELL) is None


@pytest.mark.parametrize(
    ("signs", "level", "words"),
    [
        ({"crash": crash("signal", signal=11)}, SEVERE, "was ended by signal 11"),
        ({"crash": crash("killed", reason="it had 300 processes")}, SEVERE, "it had 300 processes"),
        ({"crash": crash("killed")}, NOTABLE, "was killed on request"),
        ({"command": "step", "running_s": 3.0}, NOTABLE, "does not come back"),
        ({"command": "step", "running_s": 11.0}, SEVERE, "does not come back"),
        ({"command": "step", "running_s": 2.1, "deadline_s": 4.0}, SEVERE, "does not come back"),
        ({"rss_bytes": 900 << 20}, NOTABLE, "uses 87 % of its 1,024 MiB"),
        ({"idle_s": 60.0}, NOTABLE, "computes though nobody has asked"),
        ({"cpu_percent": 400}, SLIGHT, "uses several cores"),
        ({"queue": 20}, NOTABLE, "20 commands wait"),
        ({"step_p99_s": 1.5}, SLIGHT, "steps are slow"),
        ({"restarts": 4}, SLIGHT, "was restarted 4 times"),
        ({"picture_error": "no display"}, SLIGHT, "cannot be drawn: no display"),
    ],
)
def test_trouble_is_told_by_its_sign(signs: dict[str, object], level: int, words: str) -> None:
    """With a level by which an operator orders."""
    found = trouble(WELL._replace(**signs))  # type: ignore[arg-type]  # fields of different types
    assert found is not None
    assert found.level == level
    assert words in found.text


def test_the_worst_is_what_is_told() -> None:
    """One that hangs with all its memory in use hangs first of all."""
    found = trouble(WELL._replace(command="step", running_s=30.0, rss_bytes=1 << 30, picture_error="no display"))
    assert found == (SEVERE, "does not come back")


def test_only_what_has_changed_is_told() -> None:
    """A value that has become nothing is a change, too."""
    snapshot = Snapshot()
    assert snapshot.turn({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}}, MACHINE, NOW)
    assert json.loads(snapshot.message(0))["whole"]
    assert snapshot.turn({"a": {"x": 1, "y": None}, "c": {"x": 3, "y": 4}}, MACHINE, NOW + 0.5)
    change = json.loads(snapshot.message(1))
    assert (change["whole"], change["gone"]) == (False, ["b"])
    assert change["rows"] == {"a": {"y": None}, "c": {"x": 3, "y": 4}}


def test_who_has_missed_a_change_gets_the_whole() -> None:
    """What they missed is kept for nobody."""
    snapshot = Snapshot()
    for number in range(3):
        snapshot.turn({"a": {"x": number}}, MACHINE, NOW + number)
    late = json.loads(snapshot.message(1))
    assert (late["whole"], late["rows"]) == (True, {"a": {"x": 2}})


def test_nothing_new_is_nothing_to_tell_but_a_sign_of_life() -> None:
    """Every few seconds."""
    snapshot = Snapshot()
    assert snapshot.turn({"a": {"x": 1}}, MACHINE, NOW)
    assert not snapshot.turn({"a": {"x": 1}}, MACHINE, NOW + 1)
    assert snapshot.version == 1
    assert snapshot.turn({"a": {"x": 1}}, MACHINE, NOW + 6)
    assert json.loads(snapshot.message(1))["rows"] == {}
