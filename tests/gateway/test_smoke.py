"""The server answers at all."""

from tests.server import Server


def test_an_episode_of_cartpole_runs(server: Server) -> None:
    """Create, reset, step."""
    instance = server.create("CartPole-v1")
    assert len(server.reset(instance)) == 4
    assert server.step(instance, 1).json()["reward"] == 1.0


def test_the_server_ends_cleanly(own_server: Server) -> None:
    """SIGTERM ends it with code 0 and without a process left."""
    own_server.create("CartPole-v1")
    own_server.create("test/Well-v0")
    assert own_server.stop() == 0
