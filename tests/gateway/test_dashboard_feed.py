"""The dashboard's feed: everything at first, then what changes; made once for all, and for nobody not at all."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.pages.people import close_all, created, step
from tests.server import Server

WAIT_S = 30


@pytest.fixture(autouse=True)
def _empty(server: Server) -> Iterator[None]:
    """Each test has the server to itself."""
    yield
    close_all(server)


def looking(server: Server) -> ClientConnection:
    """Somebody has the dashboard open; a block that it is given to closes it."""
    return connect(f"{server.url.replace('http', 'ws')}/dashboard/feed", max_size=None)


def told(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message = json.loads(socket.recv(WAIT_S))
    assert isinstance(message, dict)
    return message


def row_that(socket: ClientConnection, instance_id: str, field: str, value: object) -> dict[str, Any]:
    """All that was told of the instance until its field had this value."""
    row: dict[str, Any] = {}
    while row.get(field) != value:
        row |= told(socket)["rows"].get(instance_id, {})
    return row


def code_of_the_end(socket: ClientConnection) -> int | None:
    """With which the server has closed it; what it told before that is read."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            socket.recv(WAIT_S)
    return socket.close_code


def test_the_first_message_is_whole_and_the_others_have_what_is_new(server: Server) -> None:
    """An instance that nobody uses is told of once."""
    rests, steps = created(server, "CartPole-v1", labels={"user": "ada"}), created(server, "CartPole-v1")
    with looking(server) as socket:
        first = told(socket)
        assert first["whole"]
        assert set(first["rows"]) == {rests, steps}
        assert first["rows"][rests]["labels"] == {"user": "ada"}
        assert first["machine"]["artifacts_port"] == int(server.artifacts_url.rpartition(":")[2])
        assert step(server, steps, 1) == 200
        row = row_that(socket, steps, "steps", 1)
        assert "labels" not in row
        assert "env_id" not in row


def test_a_crash_is_told_with_its_cause(server: Server) -> None:
    """In a message of its own, as soon as it is seen."""
    ill = created(server, "test/Exits-v0")
    with looking(server) as socket:
        assert told(socket)["rows"][ill]["trouble"] is None
        assert step(server, ill, 1) == 502
        row = row_that(socket, ill, "state", "crashed")
        assert row["trouble"] == [3, "exited with code 3"]


def test_one_that_is_closed_is_told_to_be_gone(server: Server) -> None:
    """And one that is made meanwhile is told whole."""
    with looking(server) as socket:
        assert told(socket)["rows"] == {}
        made = created(server, "FrozenLake-v1")
        assert row_that(socket, made, "state", "ready")["env_id"] == "FrozenLake-v1"
        assert server.http.delete(f"/v2/envs/{made}").status_code == 204
        while made not in told(socket)["gone"]:
            pass


def test_all_who_look_get_the_same(server: Server) -> None:
    """The one that comes later gets the whole first."""
    cart = created(server, "CartPole-v1")
    with looking(server) as early, looking(server) as late:
        assert told(early)["whole"]
        assert told(late)["whole"]
        assert step(server, cart, 1) == 200
        assert row_that(early, cart, "steps", 1)["steps"] == row_that(late, cart, "steps", 1)["steps"]


def test_pictures_are_drawn_of_what_somebody_sees(server: Server) -> None:
    """Of no other, and of none that does not move."""
    seen, unseen = (created(server, "CartPole-v1", render_mode="rgb_array") for _ in range(2))
    with looking(server) as socket:
        assert told(socket)["rows"][seen]["picture"] is None
        socket.send(json.dumps({"visible": [seen]}))
        while not (picture := told(socket)["rows"].get(seen, {}).get("picture")):
            pass
        answer = server.http.get(f"/dashboard/pictures/{seen}", params={"version": picture})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert server.http.get(f"/dashboard/pictures/{unseen}").status_code == 404
    assert server.http.get("/dashboard/pictures/00000000").status_code == 404


@pytest.mark.parametrize("message", ["{", '{"visible": ["../../etc"]}', '{"visible": "all"}', '{"hidden": []}'])
def test_who_says_what_no_page_would_say_is_sent_away(server: Server, message: str) -> None:
    """The socket is closed, and nobody else notices."""
    with looking(server) as other, looking(server) as socket:
        socket.send(message)
        assert code_of_the_end(socket) == 1003
        assert told(other)["whole"]


def test_a_request_that_is_no_websocket_is_told_so(server: Server) -> None:
    """With a problem, as everywhere."""
    answer = server.http.get("/dashboard/feed")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_the_end_of_the_server_is_told(own_server: Server) -> None:
    """A page that is open does not hold it up."""
    with looking(own_server) as socket:
        told(socket)
        assert own_server.stop() == 0
        assert code_of_the_end(socket) == 1001


def test_nothing_is_left_of_those_who_have_looked(server: Server) -> None:
    """No descriptor, when a hundred pages have come and gone."""
    process = psutil.Process(server.process.pid)
    for _ in range(3):
        with looking(server) as socket:
            told(socket)
    before = process.num_fds()
    for _ in range(100):
        with looking(server) as socket:
            told(socket)
    for _ in range(100):  # the server hears a little later than we do that a connection has ended
        if process.num_fds() <= before:
            return
        server.http.get("/healthz")
    raise AssertionError(f"{process.num_fds()} descriptors are open, and {before} were")
