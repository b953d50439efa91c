"""Clients that go away, and clients that do not read: neither is an environment's or a neighbour's concern."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.isolation.guest import Guest
from tests.isolation.neighbour import Neighbour
from tests.server import Server


@contextmanager
def begun_step(server: Server, guest: Guest, action: int) -> Iterator[socket.socket]:
    """A connection on which a step was asked for, whose answer nobody has read."""
    host, port = server.url.removeprefix("http://").split(":")
    body = json.dumps({"action": action})
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            f"POST {guest.path}/step HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        yield connection


@pytest.mark.usefixtures("neighbour")
def test_a_client_that_hangs_up_does_not_cancel_its_step(server: Server) -> None:
    """The step ends and counts, in the same worker, and the next one follows."""
    guest = Guest(server, "Dawdles")
    with begun_step(server, guest, 1):
        guest.becomes("busy")
    document = guest.becomes("ready")
    assert (document["steps"], document["restarts"], document["pid"]) == (1, 0, guest.pid)
    assert guest.behave().status_code == 200
    guest.close()


def test_a_client_that_does_not_read_holds_up_nobody(server: Server, neighbour: Neighbour) -> None:
    """Neither the neighbour nor other clients of the same instance; eight answers of 16 MB each wait for it."""
    guest = Guest(server, "ReturnsMegabytes")
    for _ in range(8):
        with begun_step(server, guest, 1) as connection:
            assert connection.recv(1)
            neighbour.go_on(20)
            assert guest.behave().status_code == 200
    guest.close()
