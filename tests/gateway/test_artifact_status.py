"""What is told beside the live view: the instance's state, its episodes, and where its last drawing is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gateway.statistics import Statistics
from protocol.messages import Observed, Stepped, Transition
from tests.gateway.artifact_server import ONE, TWO, ArtifactServer, artifact_server

LATEST = f"{ONE}/rendered/latest.jpg"
TEXT = f"{ONE}/rendered/latest.txt"
CRASH = {
    "cause": "signal", "at": "2026-01-02T03:04:05.678+00:00", "exit_code": None, "signal": 9, "command": "step",
    "elapsed_s": 1.5, "steps": 7, "log_tail": "last words\n", "traceback": "",
}  # fmt: skip


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[ArtifactServer]:
    """The port of a data directory with one instance in it."""
    async with artifact_server(tmp_path) as running:
        running.make(ONE)
        yield running


def played(*returns: float) -> Statistics:
    """What is known of an instance whose episodes all ended with their first step."""
    statistics = Statistics()
    for reward in returns:
        statistics.saw(Observed(b"0", b"{}"))
        statistics.saw(Stepped((Transition(b"0", reward, terminated=True, truncated=False, info=b"{}"),)))
    return statistics


async def test_the_status_tells_what_the_view_shows(server: ArtifactServer) -> None:
    """Facts of the living instance, whether there is a picture, and why there may be none."""
    server.put(LATEST)
    server.living.documents[ONE] |= {"steps": 7, "episodes": 2, "state": "busy", "picture_error": "no display"}
    server.living.done[ONE] = played(1.0, 2.0)
    answer = await server.request(f"/{ONE}/status")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told.pop("picture").partition("?")[0] == f"/{LATEST}"
    assert told == {
        "instance_id": ONE, "env_id": "CartPole-v1", "created_at": "2026-01-02T03:04:05.678+00:00", "state": "busy",
        "steps": 7, "episodes": 2, "render_mode": "rgb_array", "text": None,
        "picture_error": "no display", "crash": None,
        "episode": {"number": 2, "steps": 1, "return": 2.0, "is_over": True},
    }  # fmt: skip


async def test_a_newer_drawing_has_another_address(server: ArtifactServer) -> None:
    """So a page that sees one it has not shown asks for it, and for no other; each address shows what is there."""
    seen = set()
    for content in (b"first", b"second"):
        server.put(LATEST, content)
        server.put(TEXT, content)
        told = (await server.request(f"/{ONE}/status")).json
        for address in (told["picture"], told["text"]):
            assert (await server.request(address)).body == content
            seen.add(address)
    assert len(seen) == 4


async def test_the_returns_of_past_episodes_are_told(server: ArtifactServer) -> None:
    """As the gateway's route of that name tells them, while the instance runs."""
    server.living.done[ONE] = played(1.0, float("inf"), 3.0)
    answer = await server.request(f"/{ONE}/statistics")
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["episodes"], answer.json["returns"]) == (3, [1.0, None, 3.0])
    assert (await server.request(f"/{TWO}/statistics")).json["code"] == "unknown_instance"


async def test_the_status_tells_why_an_instance_crashed(server: ArtifactServer) -> None:
    """In words, with the last lines that it printed."""
    server.living.documents[ONE] |= {"state": "crashed", "crash": CRASH}
    crash = (await server.request(f"/{ONE}/status")).json["crash"]
    assert crash["reason"] == "The environment's process was ended by signal 9."
    assert crash["log_tail"] == "last words\n"


async def test_the_status_of_an_instance_that_is_gone_tells_its_name(server: ArtifactServer) -> None:
    """Its state is null; an id without artifacts is unknown."""
    del server.living.documents[ONE]
    told = (await server.request(f"/{ONE}/status")).json
    assert (told["env_id"], told["state"], told["steps"]) == ("CartPole-v1", None, None)
    assert (await server.request("/ffffffff/status")).json["code"] == "unknown_instance"
