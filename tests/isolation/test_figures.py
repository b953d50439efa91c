"""What machines read of the server: metrics, and a log of one JSON object a line."""

import json
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.isolation.guest import Guest
from tests.server import Server, running_server

Sample = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that logs for machines."""
    with running_server(tmp_path_factory.mktemp("server"), "--import", "tests.envs", "--log-format", "json") as running:
        yield running


def figures(server: Server) -> dict[Sample, float]:
    """Every figure by its name and labels, as Prometheus reads them."""
    response = server.http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_metrics_count_instances_commands_and_crashes(server: Server) -> None:
    """In the text format of Prometheus."""
    well, exits = Guest(server, "Well"), Guest(server, "Exits")
    for _ in range(10):
        well.behave()
    exits.misbehave()
    counted = figures(server)
    assert counted["gym_server_instances", (("state", "ready"),)] == 1
    assert counted["gym_server_instances", (("state", "crashed"),)] == 1
    assert counted["gym_server_commands_total", (("op", "step"), ("outcome", "ok"))] == 10
    assert counted["gym_server_commands_total", (("op", "step"), ("outcome", "worker_crashed"))] == 1
    assert counted["gym_server_crashes_total", (("cause", "exit"),)] == 1
    assert counted["gym_server_command_seconds_count", (("op", "step"),)] == 11
    assert counted["gym_server_command_seconds_bucket", (("le", "+Inf"), ("op", "step"))] == 11
    for guest in (well, exits):
        guest.close()
    assert figures(server)["gym_server_instances", (("state", "crashed"),)] == 0


def test_every_line_of_the_log_is_an_object_that_names_its_instance(server: Server) -> None:
    """`instance_id` is a member of its own where an event belongs to an instance."""
    guest = Guest(server, "Forks", limits={"processes": 5})
    guest.misbehave()
    guest.close()
    events = [json.loads(line) for line in server.log.splitlines()]
    assert all(event.keys() >= {"at", "level", "logger", "message"} for event in events)
    own = [event for event in events if event.get("instance_id") == guest.instance_id]
    assert [event["level"] for event in own] == ["info", "warning", "info"]
