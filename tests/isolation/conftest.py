"""A server under whose roof somebody misbehaves, and a neighbour that steps all the while."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.isolation.neighbour import Neighbour, stepping_neighbour
from tests.server import Server


@pytest.fixture(scope="module")
def lodger(server: Server) -> Iterator[Neighbour]:
    """The neighbour that the tests of one module share."""
    with stepping_neighbour(server.url) as neighbour:
        yield neighbour


@pytest.fixture
def neighbour(lodger: Neighbour) -> Iterator[Neighbour]:
    """Steps before, during and after the test, without a failure."""
    lodger.go_on(10)
    yield lodger
    lodger.go_on(10)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Clients that wait for an answer while the test goes on."""
    with ThreadPoolExecutor(8) as threads:
        yield threads
