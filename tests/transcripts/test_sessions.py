"""The fifteen old clients, each in a session of its own: their requests byte for byte, their answers to the letter.

What each of them sends and insists on stands in `clients/`, one file a client.
"""

from collections.abc import Iterator

import pytest

from tests.server import Server, running_server
from tests.transcripts.clients.all import HTTP_API, SEED
from tests.transcripts.script import Client, Replay


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As the operator of both ancestors' clients starts it."""
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--v1-flat-reset", environment={"GYM_ENV": "CartPole-v0"}) as running:
        yield running


@pytest.mark.parametrize("client", [*HTTP_API, *SEED], ids=lambda client: client.name)
def test_a_session_goes_as_the_client_knows_it(server: Server, client: Client) -> None:
    """Every answer has the status, the type and the kinds of values that it reads, in one segment; none redirects."""
    with Replay(server.url, client) as replay:
        for exchange in client.session:
            replay.run(exchange)


@pytest.mark.parametrize(
    "client", [client for client in HTTP_API if client.keeps_alive], ids=lambda client: client.name
)
def test_a_session_may_be_sent_ahead(server: Server, client: Client) -> None:
    """Pipelined: no request begins with what is left of the body before it, and answers come in order."""
    with Replay(server.url, client) as replay:
        replay.run(client.session[0])
        replay.run_ahead(client.first_instance)
