"""Fixtures that more than one folder of tests needs."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.server import Server, running_server


@pytest.fixture(scope="module", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    """What a module's tests have started has ended with them."""
    before = set(psutil.Process().children())
    yield
    left = [process for process in psutil.Process().children() if process not in before]
    assert not left, f"left behind: {left}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of one module share; `tests.envs` can be created in it."""
    with running_server(tmp_path_factory.mktemp("server"), "--import", "tests.envs") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone, which may end it."""
    with running_server(tmp_path, "--import", "tests.envs") as running:
        yield running
