"""An environment that misbehaves harms nobody but itself: each way of misbehaving, with a neighbour that steps."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.isolation.culprit import MAX_LOG_BYTES, Traces, commit
from tests.isolation.faults import FAULTS, Fault
from tests.isolation.neighbour import Neighbour
from tests.server import Server

COMMANDS = {"render": "draw"}
"""What a worker calls the route's command, where it is another name."""


@dataclass(frozen=True)
class Case:
    """A fault, and what it has led to."""

    fault: Fault
    traces: Traces


@pytest.fixture(scope="module", params=FAULTS, ids=lambda fault: f"{fault.name}-{fault.cause or fault.status}")
def case(request: pytest.FixtureRequest, server: Server, lodger: Neighbour) -> Iterator[Case]:
    """Each fault is committed once, while the neighbour steps."""
    lodger.go_on(10)
    yield Case(request.param, commit(server, request.param))
    lodger.go_on(10)


def test_the_neighbour_notices_nothing(case: Case, lodger: Neighbour) -> None:
    """All its steps succeed, and it is not kept from taking them."""
    lodger.go_on(50)
    assert not lodger.failures, case.fault


def test_the_caller_is_told_what_happened(case: Case) -> None:
    """The status, the code, and what was raised or which limit was broken."""
    fault, told = case.fault, case.traces.told
    assert told.status_code == fault.status, told.text
    if fault.code:
        problem = told.json()
        assert problem["code"] == fault.code
        assert fault.says in problem["detail"]
        assert ("crash" in problem) == fault.crashes
    for name, value in fault.body.items():
        assert told.json()[name] == value


def test_the_crash_report_tells_how_it_ended(case: Case) -> None:
    """To the caller, and for good in the instance's document."""
    fault, document = case.fault, case.traces.document
    if not fault.crashes:
        assert document.get("crash") is None
        return
    report = case.traces.told.json()["crash"]
    assert (report["cause"], report["exit_code"], report["signal"]) == (fault.cause, fault.exit_code, fault.signal)
    assert (report["command"], report["steps"]) == (COMMANDS.get(fault.command, fault.command), 0)
    assert report["elapsed_s"] >= 0
    assert fault.traceback in report["traceback"]
    if fault.command != "make":
        assert (document["state"], document["pid"], document["crash"]) == ("crashed", None, report)


def test_what_comes_later_finds_it_alive_or_is_told_that_it_is_gone(case: Case) -> None:
    """A step that does no harm: 200, or 410 with the report; 409 where no episode could begin."""
    fault, afterwards = case.fault, case.traces.afterwards
    if afterwards is None:
        return
    if fault.crashes:
        assert (afterwards.status_code, afterwards.json()["code"]) == (410, "instance_gone")
        assert afterwards.json()["crash"] == case.traces.document["crash"]
    else:
        assert afterwards.status_code == (409 if fault.command == "reset" else 200), afterwards.text


def test_its_output_is_served_and_bounded(case: Case) -> None:
    """However much it printed."""
    assert case.fault.log in case.traces.logs
    assert len(case.traces.logs) <= MAX_LOG_BYTES
    assert case.traces.log_bytes <= MAX_LOG_BYTES


def test_an_operator_sees_its_stack_or_that_it_is_gone(case: Case) -> None:
    """200 with the stack of every thread, 410 after a crash, 422 where the environment has taken the means away."""
    stack = case.traces.stack
    if stack is None:
        return
    if case.fault.crashes:
        assert stack.status_code == 410
    else:
        assert stack.status_code == 200, stack.text
        assert "worker/serve.py" in stack.text


def test_nothing_of_it_is_left(case: Case) -> None:
    """No process, neither its own nor one that it started, and no descriptor of the gateway."""
    closed = case.traces.closed
    assert closed is None or closed.status_code == 204, closed.text
    assert not case.traces.processes
    assert case.traces.descriptors <= 0  # an earlier one may have left something behind for a moment
