"""What happens to an instance after its worker has crashed: it fails for good, or begins afresh, but not for ever."""

import pytest

from tests.isolation.guest import Guest
from tests.server import Server

pytestmark = pytest.mark.usefixtures("neighbour")


def test_a_crashed_instance_stays_crashed(server: Server) -> None:
    """Unless something else was asked for: 410 with the report, to a reset as well."""
    guest = Guest(server, "Exits")
    report = guest.misbehave().json()["crash"]
    for answer in (guest.reset(), guest.behave(), guest.reset()):
        assert (answer.status_code, answer.json()["code"], answer.json()["crash"]) == (410, "instance_gone", report)
    assert guest.close().status_code == 204


@pytest.mark.parametrize(("name", "status"), [("Segfaults", 502), ("HangsInC", 504)])
def test_on_crash_restart_begins_afresh_with_the_next_reset(server: Server, name: str, status: int) -> None:
    """The call that lost it is told so, as is a step before the reset; then a fresh worker has the same id."""
    guest = Guest(server, name, on_crash="restart", limits={"step_s": 1.0})
    lost = guest.misbehave()
    assert (lost.status_code, lost.json()["crash"]["command"]) == (status, "step")
    assert guest.behave().status_code == 410
    assert guest.reset().status_code == 200
    assert guest.behave().json()["reward"] == 0.0
    document = guest.document().json()
    assert (document["state"], document["restarts"], document["crash"]) == ("ready", 1, None)
    assert document["pid"] != guest.pid
    guest.close()


def test_five_crashes_within_ten_seconds_are_enough(server: Server) -> None:
    """It is not started a sixth time: 410 with the last report."""
    guest = Guest(server, "KillsItself", on_crash="restart")
    for restarts in range(5):
        assert guest.document().json()["restarts"] == restarts
        lost = guest.misbehave()
        assert lost.status_code == 502
        if restarts < 4:
            assert guest.reset().status_code == 200
    refused = guest.reset()
    assert (refused.status_code, refused.json()["crash"]) == (410, lost.json()["crash"])
    document = guest.document().json()
    assert (document["state"], document["on_crash"]) == ("crashed", "fail")
    guest.close()


def test_a_worker_that_crashes_in_make_leaves_no_instance(server: Server) -> None:
    """Its creation is answered with the report."""
    before = instance_ids(server)
    lost = server.http.post("/v2/envs", json={"env_id": "test/ExitsInMake-v0"})
    assert (lost.status_code, lost.json()["crash"]["exit_code"]) == (502, 7)
    assert instance_ids(server) == before


def instance_ids(server: Server) -> list[str]:
    """Of all instances."""
    return [document["instance_id"] for document in server.http.get("/v2/envs").json()["envs"]]
