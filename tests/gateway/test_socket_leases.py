"""Leases: instances that end with the socket they were made on, unless another socket takes its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.by_hand import Socket
from tests.gateway.gates import GATES, Gate
from tests.server import Server, running_server

SHORT = "&lease_grace_s=0.2"
AT_ONCE = "&lease_grace_s=0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments that wait at a gate."""
    with running_server(tmp_path_factory.mktemp("server"), *GATES) as running:
        yield running


def create(socket: Socket, env_id: str = "CartPole-v1", **fields: Any) -> str:
    return str(socket.ask(id=0, op="create", env_id=env_id, **fields)["body"]["instance_id"])


def is_there(server: Server, instance_id: str) -> bool:
    return server.http.get(f"/v2/envs/{instance_id}").status_code == 200


def wait_until_gone(server: Server, instance_id: str) -> None:
    while is_there(server, instance_id):
        pass


def test_instances_end_after_the_grace_period(server: Server) -> None:
    """All that were made on the socket, however it went."""
    for vanishes in (True, False):
        with Socket(server.url, f"?lease=1{SHORT}") as socket:
            instances = [create(socket) for _ in range(3)]
            if vanishes:
                socket.vanish()
        for instance in instances:
            wait_until_gone(server, instance)


def test_without_a_lease_instances_outlive_their_socket(server: Server) -> None:
    """Those of a lease beside it tell when a grace period is over."""
    with Socket(server.url) as free, Socket(server.url, f"?lease=1{SHORT}") as leased:
        instance, other = create(free), create(leased)
    wait_until_gone(server, other)
    assert is_there(server, instance)


def test_a_new_socket_takes_the_lease(server: Server) -> None:
    """By its id, which the server tells in a header and on request; no instance ends, and the steps go on."""
    with Socket(server.url, f"?lease=1{SHORT}") as socket:
        lease = socket.headers["lease"]
        assert socket.ask(id=0, op="describe")["body"] == {"lease": lease, "lease_grace_s": 0.2}
        instance = create(socket)
        socket.ask(id=0, op="reset", instance_id=instance)
        socket.vanish()
    with Socket(server.url, f"?lease={lease}{SHORT}") as heir:
        assert heir.headers["lease"] == lease
        with Socket(server.url, f"?lease=1{SHORT}") as clock:
            other = create(clock)
        wait_until_gone(server, other)
        assert heir.ask(id=0, op="step", instance_id=instance, action=0)["status"] == 200
    wait_until_gone(server, instance)


def test_a_client_may_choose_the_name_of_its_lease(server: Server) -> None:
    """As long as two sockets hold it, the end of one of them ends nothing."""
    query = f"?lease=the-name.of_1-lease{AT_ONCE}"
    with Socket(server.url, query) as first:
        assert first.headers["lease"] == "the-name.of_1-lease"
        instance = create(first)
        with Socket(server.url, query) as second:
            of_second = create(second)
        assert first.ask(id=0, op="reset", instance_id=of_second)["status"] == 200
    for either in (instance, of_second):
        wait_until_gone(server, either)


def test_what_is_made_too_late_for_its_lease_ends_at_once(server: Server, tmp_path: Path) -> None:
    """The socket went while the environment was being made."""
    with Gate(tmp_path / "gate") as gate:
        with Socket(server.url, f"?lease=late{AT_ONCE}") as socket:
            fields = {"env_id": "gates/GatedMake-v0", "kwargs": gate.kwargs, "labels": {"made": "late"}}
            socket.send(id=1, op="create", **fields)
            gate.wait_until_entered()
            socket.vanish()
        while "a lease has run out, with 0 instances" not in server.log:
            pass
        gate.release()
        while f"created {fields['env_id']}" not in server.log:
            pass
        while server.http.get("/v2/envs", params={"label": "made:late"}).json()["envs"]:
            pass


def test_an_instance_that_was_closed_leaves_its_lease(server: Server) -> None:
    """The others stay in it."""
    with Socket(server.url, f"?lease=1{AT_ONCE}") as socket:
        closed, other = create(socket), create(socket)
        assert socket.ask(id=0, op="close", instance_id=closed)["status"] == 204
        assert is_there(server, other)
    wait_until_gone(server, other)


REFUSED = (
    "lease=", "lease=a%0d%0ab", "lease=%20", f"lease={'a' * 129}", "lease=1&lease_grace_s=-1",
    "lease=1&lease_grace_s=x", "lease=1&lease_grace_s=nan", "lease=1&lease_grace_s=3601", "arrays=lists",
)  # fmt: skip


@pytest.mark.parametrize("query", REFUSED)
def test_a_lease_that_cannot_be_is_refused(server: Server, query: str) -> None:
    """Before there is a socket; the parameter is named."""
    refused = server.http.get(f"/v2/ws?{query}", headers={"Upgrade": "websocket"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert refused.json()["errors"][0]["path"] in {"$.lease", "$.lease_grace_s", "$.arrays"}
