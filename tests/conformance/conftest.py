"""A server that can make the environments of this folder, too."""

from collections.abc import Iterator

import pytest

from tests.server import Server, running_server

MODULE = "tests.conformance.spaces_envs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a module."""
    folder = tmp_path_factory.mktemp("conformance")
    with running_server(folder, "--import", MODULE, "--max-instances", "2000") as running:
        yield running
