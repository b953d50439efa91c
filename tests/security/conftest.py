"""The guarded server that the tests of one module share."""

from collections.abc import Iterator

import pytest

from tests.security.holders import Guarded, guarded_server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With several tokens, environments of these tests, and the first API of all."""
    flags = ("--import", "tests.envs", "--env", "CartPole-v1")
    with guarded_server(tmp_path_factory.mktemp("guarded"), *flags) as running:
        yield running
