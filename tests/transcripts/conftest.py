"""Fixtures of the old clients' tests."""

from collections.abc import Iterator

import pytest

from tests.server import Server, running_server
from tests.transcripts.caller import Caller


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of one module share, with environments that misbehave and such with odd spaces."""
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, "--import", "tests.envs", "--import", "tests.transcripts.odd_spaces") as running:
        yield running


@pytest.fixture
def caller(server: Server) -> Iterator[Caller]:
    """A connection to it."""
    with Caller(server.url) as connection:
        yield connection


@pytest.fixture
def cartpole(caller: Caller) -> Iterator[str]:
    """The path of a CartPole, created by gym-http-api's route and reset."""
    instance = caller.create("CartPole-v0")
    caller.play(instance, steps=0)
    yield instance
    caller.post(f"{instance}/close/")
