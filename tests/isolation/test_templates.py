"""Templates: what an environment imports is imported once; its instances share that, and nothing else."""

import signal
import time
from typing import Any

import psutil
import pytest

from tests.isolation.guest import WAIT_S, Guest
from tests.server import Server, Watched

HEAVY = "HalfCheetah-v5"


def made(server: Server, env_id: str) -> dict[str, Any]:
    """The document of a new instance."""
    answer = server.http.post("/v2/envs", json={"env_id": env_id})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def template_of(document: dict[str, Any]) -> psutil.Process | None:
    """The template from which the instance's worker was forked."""
    parent = psutil.Process(document["pid"]).parent()
    assert parent
    return parent if parent.cmdline()[0].startswith("gym-template ") else None


def first_observation(server: Server, document: dict[str, Any], **fields: Any) -> Any:
    """Of a new episode."""
    answer = server.http.post(f"/v2/envs/{document['instance_id']}/reset", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()["observation"]


def crashed(server: Server, document: dict[str, Any]) -> dict[str, Any]:
    """The instance's crash report, as soon as there is one."""
    deadline = time.monotonic() + WAIT_S
    while (now := server.document(document["instance_id"]))["state"] != "crashed":
        assert time.monotonic() < deadline, now
    return dict(now["crash"])


@pytest.fixture
def heavy(own_server: Server) -> tuple[Server, list[dict[str, Any]]]:
    """A server, and three instances of an environment that imports much."""
    return own_server, [made(own_server, HEAVY) for _ in range(3)]


def test_later_instances_are_forked_from_a_template(heavy: tuple[Server, list[dict[str, Any]]]) -> None:
    """The first is not; another environment of the same kind has the same template from its second instance on."""
    server, instances = heavy
    first, second, third = map(template_of, instances)
    assert first is None
    assert second is not None
    assert third == second
    made(server, "Hopper-v5")
    assert template_of(made(server, "Hopper-v5")) == second


def test_what_imports_little_has_no_template(own_server: Server) -> None:
    """Its workers are forked from the fork server, which has all that they need."""
    assert [template_of(made(own_server, "CartPole-v1")) for _ in range(3)] == [None] * 3


def test_instances_of_one_template_share_no_randomness(heavy: tuple[Server, list[dict[str, Any]]]) -> None:
    """Without a seed each begins elsewhere; with one seed all begin as the one that has no template."""
    server, instances = heavy
    unseeded = [first_observation(server, document) for document in instances]
    assert unseeded[1] != unseeded[2]
    seeded = [first_observation(server, document, seed=7) for document in instances]
    assert seeded == [seeded[0]] * 3


def test_numpys_global_generator_is_not_that_of_a_sibling(server: Server) -> None:
    """Environments of old use it, and a fork would inherit its state."""
    drawn = [Guest(server, "DrawsFromTheGlobalGenerator").behave().json()["observation"] for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_a_killed_template_costs_its_own_workers_and_no_others(heavy: tuple[Server, list[dict[str, Any]]]) -> None:
    """They are reported as crashed, and the next one comes from the fork server."""
    server, instances = heavy
    neighbour = Guest(server, "Well")
    template = template_of(instances[1])
    assert template
    with Watched([psutil.Process(document["pid"]) for document in instances[1:]]) as workers:
        template.kill()
        assert not workers.wait(WAIT_S)
    assert [crashed(server, document)["cause"] for document in instances[1:]] == ["signal"] * 2
    first_observation(server, instances[0])
    assert neighbour.behave().status_code == 200
    assert template_of(made(server, HEAVY)) is None


def test_a_killed_worker_costs_no_sibling(heavy: tuple[Server, list[dict[str, Any]]]) -> None:
    """Its report says what killed it, and its siblings step on."""
    server, instances = heavy
    victim = instances[1]
    psutil.Process(victim["pid"]).kill()
    report = crashed(server, victim)
    assert (report["cause"], report["signal"]) == ("signal", signal.SIGKILL)
    first_observation(server, instances[2])


def test_a_killed_gateway_leaves_no_template(heavy: tuple[Server, list[dict[str, Any]]]) -> None:
    """Nor the workers that came from it."""
    server, _ = heavy
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
