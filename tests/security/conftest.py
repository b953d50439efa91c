"""The guarded server that the tests of one module share."""

from collections.abc import Iterator

import pytest

from tests.security.holders import Guarded, guarded_server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With several tokens, and environments of these tests."""
    with guarded_server(tmp_path_factory.mktemp("guarded"), "--import", "tests.envs") as running:
        yield running
