"""Retries are safe on sockets, too: what a message with a key has done, no other socket does again."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.gateway.by_hand import Socket
from tests.gateway.trajectory import Trajectory, as_local
from tests.server import Server

KILLS = 300
new_key = map("socket-key-{}".format, itertools.count()).__next__


@pytest.fixture
def socket(server: Server) -> Iterator[Socket]:
    """One to ask on."""
    with Socket(server.url) as socket:
        yield socket


def begun(socket: Socket) -> str:
    """The id of a new instance in its first episode."""
    instance_id = str(socket.ask(id=0, op="create", env_id="CartPole-v1")["body"]["instance_id"])
    assert socket.ask(id=0, op="reset", instance_id=instance_id, seed=1)["status"] == 200
    return instance_id


def steps_of(socket: Socket, instance_id: str) -> int:
    return int(socket.ask(id=0, op="describe", instance_id=instance_id)["body"]["steps"])


def test_hundreds_of_sockets_are_killed_and_the_trajectory_is_that_of_none(server: Server, socket: Socket) -> None:
    """Each message's socket is reset after it was written: at once, or when the answer waits unread."""
    instance_id = begun(socket)
    moments = random.Random(7)
    with Trajectory(seed=4) as trajectory:
        for op, fields, expected in itertools.islice(trajectory, KILLS):
            message = {"id": 1, "op": op, "instance_id": instance_id, "idempotency_key": new_key(), **fields}
            with Socket(server.url) as doomed:
                doomed.send(**message)
                if moments.random() < 0.5:
                    doomed.wait_until_readable()
                doomed.vanish()
            assert as_local(socket.ask(**message)["body"]) == expected
        assert steps_of(socket, instance_id) == trajectory.steps


MESSAGES: dict[str, Callable[[str], dict[str, Any]]] = {
    "reset": lambda id_: {"instance_id": id_, "seed": 5},
    "step": lambda id_: {"instance_id": id_, "action": 1},
    "step with actions": lambda id_: {"instance_id": id_, "actions": [0, 1, 0]},
    "step_many": lambda id_: {"instance_ids": [id_, "00000000", id_], "actions": [0, 1, 1]},
    "reset_many": lambda id_: {"instance_ids": [id_]},
    "sample": lambda id_: {"instance_id": id_, "n": 3},
    "kill": lambda id_: {"instance_id": id_},
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_that_repeats_its_key_gets_the_same_answer_and_does_nothing(
    server: Server, socket: Socket, name: str
) -> None:
    """Marked as replayed; on another socket, and with another id."""
    instance_id = begun(socket)
    message = {"op": name.split(maxsplit=1)[0], "idempotency_key": new_key(), **MESSAGES[name](instance_id)}
    first = socket.ask(id=1, **message)
    steps = steps_of(socket, instance_id)
    with Socket(server.url) as other:
        again = other.ask(id="again", **message)
    assert first["status"] == 200
    assert again == {**first, "id": "again", "replayed": True}
    assert steps_of(socket, instance_id) == steps


def test_creating_twice_with_one_key_makes_one(socket: Socket) -> None:
    """The second answer names the same instance."""
    message = {"op": "create", "env_id": "CartPole-v1", "idempotency_key": new_key()}
    first, again = (socket.ask(id=number, **message) for number in range(2))
    assert (first["status"], again["status"], again["replayed"]) == (201, 201, True)
    assert first["body"]["instance_id"] == again["body"]["instance_id"]


def test_http_and_sockets_know_each_others_keys(server: Server, socket: Socket) -> None:
    """A step asked for over HTTP is not made again by a socket."""
    instance_id = begun(socket)
    key = new_key()
    over_http = server.http.post(
        f"/v2/envs/{instance_id}/step", json={"action": 1}, headers={"Idempotency-Key": key}
    ).json()
    reply = socket.ask(id=1, op="step", instance_id=instance_id, action=1, idempotency_key=key)
    assert reply == {"id": 1, "status": 200, "body": over_http, "replayed": True}


def test_a_key_with_another_message_is_refused(socket: Socket) -> None:
    """422, and nothing is done."""
    instance_id = begun(socket)
    key = new_key()
    socket.ask(id=1, op="step", instance_id=instance_id, action=1, idempotency_key=key)
    for fields in ({"op": "step", "action": 0}, {"op": "step", "actions": [1]}, {"op": "reset"}):
        refused = socket.ask(id=2, instance_id=instance_id, idempotency_key=key, **fields)
        assert (refused["status"], refused["problem"]["code"]) == (422, "invalid_field")
    assert steps_of(socket, instance_id) == 1


@pytest.mark.parametrize("key", ["", "k" * 257, 5, ["k"]])
def test_a_key_that_is_none_is_refused(socket: Socket, key: Any) -> None:
    """With its place in the message."""
    refused = socket.ask(id=1, op="step", instance_id=begun(socket), action=1, idempotency_key=key)
    assert refused["status"] == 422
    assert refused["problem"]["errors"][0]["path"] == "$.idempotency_key"
