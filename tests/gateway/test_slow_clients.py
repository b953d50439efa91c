"""Clients that are slow, silent or gone do not slow the others, and are not waited for without a bound."""

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from gateway.listening import listening
from tests.gateway.by_hand import Connection, Socket
from tests.gateway.gates import GATES, Gate
from tests.server import Server, running_server

CLIENTS = 32
STEPS, ROUNDS = 100, 5
STEP = {"actions": [0] * 10}
BEGINNINGS = (b"", b"POST /v2/envs HT", b"POST /v2/envs HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
LARGE = {"size": 100_000}  # an observation of 400 kB in JSON


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With environments whose observations are large."""
    with running_server(tmp_path_factory.mktemp("server"), *GATES) as running:
        yield running


def begun(server: Server, env_id: str, **fields: object) -> str:
    """The path of a new instance in its first episode."""
    path = f"/v2/envs/{server.http.post('/v2/envs', json={'env_id': env_id, **fields}).json()['instance_id']}"
    assert server.http.post(f"{path}/reset").status_code == 200
    return path


def step_s(server: Server, path: str) -> float:
    """The median time of a step in the quietest of some rounds: what else the machine does only ever adds to one."""
    medians = []
    for _ in range(ROUNDS):
        assert server.http.post(f"{path}/reset").status_code == 200
        times = []
        for number in range(STEPS):
            began = time.perf_counter()
            status = server.http.post(f"{path}/step", json={"action": number % 2}).status_code
            times.append(time.perf_counter() - began)
            assert status == 200
            if number % 8 == 7:
                server.http.post(f"{path}/reset")
        medians.append(statistics.median(times))
    return min(medians)


def test_slow_readers_and_half_open_sockets_do_not_slow_another_client(server: Server, tmp_path: Path) -> None:
    """32 that do not read megabytes, over HTTP and on sockets, and 32 that never finish a request."""
    path = begun(server, "CartPole-v1")
    alone_s = step_s(server, path)
    with Gate(tmp_path / "gate") as gate, contextlib.ExitStack() as stack:
        large = begun(server, "gates/Gated-v0", kwargs=gate.kwargs | LARGE)
        for number in range(CLIENTS):
            silent = stack.enter_context(Connection(server.url))
            silent.socket.sendall(BEGINNINGS[number % 3])
            if number % 2:
                slow = stack.enter_context(Connection(server.url, receive_buffer_bytes=4096))
                slow.request("POST", f"{large}/step", json.dumps(STEP).encode(), Content_Type="application/json")
            else:
                slow = stack.enter_context(Socket(server.url, receive_buffer_bytes=4096))
                slow.send(id=number, op="step", instance_id=large.rpartition("/")[2], **STEP)
            slow.wait_until_readable()
        beside_s = step_s(server, path)
    assert beside_s < 3 * alone_s


async def test_who_takes_nothing_of_an_answer_is_dropped() -> None:
    """After a time without any progress; the answer that waited is given up."""
    given_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await response.write(bytes(64 * 1024 * 1024))
        except ConnectionError:
            given_up.set()
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with listening(app, "127.0.0.1", 0, unread_s=0.5) as url:
        with Connection(url, receive_buffer_bytes=4096) as deaf:
            deaf.request("GET", "/")
            async with asyncio.timeout(20):
                await given_up.wait()
