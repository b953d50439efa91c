"""The client's own WebSocket: it is looked after while nobody steps, and never takes on too much."""

import threading
from typing import Any

from gym_server_client import Patience, RemoteEnv
from gym_server_client.address import Address
from gym_server_client.link import Link
from gym_server_client.messages import SUBPROTOCOL
from gym_server_client.transport import Call
from websockets.sync.server import ServerConnection, serve

from tests.clients.cut import Relay
from tests.server import Server


def test_more_calls_than_a_socket_may_have_are_all_answered(server: Server) -> None:
    """1,024 messages may wait for their answers; of more than those, too, each has its own, in order."""
    env: Any = RemoteEnv(server.url, "CartPole-v1")
    fields = {"instance_id": env.instance_id, "space": "action_space"}
    answers = env._transport.call_all([Call("sample", fields | {"seed": seed}) for seed in range(1100)])
    for seed in (0, 1, 1098, 1099):
        env.action_space.seed(seed)
        assert answers[seed]["values"] == [env.action_space.sample()]
    env.close()


def test_a_socket_that_breaks_while_nobody_steps_is_opened_again(server: Server) -> None:
    """So that the lease goes on for a program that thinks for longer than it lasts."""
    with Relay(server.url) as relay:
        env: Any = RemoteEnv(relay.url, "CartPole-v1", patience=Patience(reconnect_s=0.0))
        env.reset(seed=1)
        transport, before = env._transport, env._transport._link
        relay.cut()
        while transport._link in {None, before}:
            transport.keep()
        env.step(0)
        env.close()


def test_pings_are_answered_while_nobody_steps() -> None:
    """A server that hears nothing believes that the client is gone."""
    is_heard, may_end = threading.Event(), threading.Event()

    def ping(connection: ServerConnection) -> None:
        if connection.ping().wait(30):
            is_heard.set()
        may_end.wait()

    with serve(ping, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as pinging:
        url = f"ws://127.0.0.1:{pinging.socket.getsockname()[1]}/v2/ws"
        serving = threading.Thread(target=pinging.serve_forever)
        serving.start()
        link = Link(Address(url), url)
        while not is_heard.is_set():
            link.keep()
        may_end.set()
        link.close()
        pinging.shutdown()
        serving.join()
