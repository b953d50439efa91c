"""Recording and uploading as gym-http-api's clients do it: under a path of their own, which is a mere name here.

Points 8, 18 and 19 of the twenty, from end to end.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import Server, running_server
from tests.transcripts.caller import Caller
from tests.transcripts.shapes import NOTHING, Complains

OUTDIR = "/tmp/random-agent-results"  # noqa: S108 - what the examples say; nothing is written there
MISSING = "A required request parameter '{}' was not provided"
NO_KEY: tuple[dict[str, Any], ...] = ({}, {"api_key": ""}, {"api_key": None})


def start(caller: Caller, instance: str, directory: str, **fields: Any) -> None:
    """The monitor is open."""
    NOTHING.check(caller.post(f"{instance}/monitor/start/", {"directory": directory, **fields}))


def upload(caller: Caller, directory: str, **fields: Any) -> None:
    """The server has taken it."""
    NOTHING.check(caller.post("/v1/upload/", {"training_dir": directory, "api_key": "k", **fields}))


def evaluations(server: Server, algorithm_id: str) -> list[dict[str, Any]]:
    """What the scoreboard has of this algorithm."""
    found = server.http.get("/v2/scoreboard", params={"algorithm_id": algorithm_id}).json()["evaluations"]
    return list(found)


def recorded(server: Server, instance: str) -> list[int]:
    """The lengths of all episodes in the instance's own folder, one monitor after the other."""
    folder = server.data_dir / instance.rpartition("/")[2] / "simulation"
    manifests = sorted(folder.glob("openaigym.manifest.*.manifest.json"))
    stats = [json.loads((folder / json.loads(manifest.read_text())["stats"]).read_text()) for manifest in manifests]
    return [length for each in stats for length in each["episode_lengths"]]


def test_an_absolute_directory_stays_as_it_is(server: Server, caller: Caller, cartpole: str, tmp_path: Path) -> None:
    """Point 8: neither written to, nor emptied by `force`, nor made where it is not; the recording is elsewhere."""
    theirs = tmp_path / "openaigym.manifest.0.1.manifest.json"
    theirs.write_text("theirs")
    for directory in (tmp_path, tmp_path / "new"):
        start(caller, cartpole, str(directory), force=True)
        for steps in (3, 5):
            caller.play(cartpole, steps)
        caller.post(f"{cartpole}/reset/")
        NOTHING.check(caller.post(f"{cartpole}/monitor/close/"))
        assert recorded(server, cartpole) == [3, 5]
        upload(caller, str(directory), algorithm_id=f"of {directory.name}")
        (evaluation,) = evaluations(server, f"of {directory.name}")
        assert (evaluation["env_id"], evaluation["episodes"], evaluation["steps"]) == ("CartPole-v0", 2, 8)
    assert list(tmp_path.iterdir()) == [theirs]
    assert theirs.read_text() == "theirs"


def test_force_begins_anew_and_resume_goes_on(server: Server, caller: Caller, cartpole: str) -> None:
    """Point 8: as strings, too; with neither, what is there is not touched, and the answer names it."""
    for fields, lengths in (({}, [2]), ({"resume": "true", "force": "false"}, [2, 2]), ({"force": "true"}, [2])):
        start(caller, cartpole, OUTDIR, **fields)
        caller.play(cartpole, 2)
        caller.post(f"{cartpole}/reset/")
        Complains("the monitor is already recording").check(
            caller.post(f"{cartpole}/monitor/start/", {"directory": OUTDIR, "resume": True})
        )
        NOTHING.check(caller.post(f"{cartpole}/monitor/close/"))
        assert recorded(server, cartpole) == lengths
    Complains("openaigym.").check(caller.post(f"{cartpole}/monitor/start/", {"directory": OUTDIR, "force": "false"}))
    assert recorded(server, cartpole) == [2]


def test_two_instances_may_use_one_name(server: Server, caller: Caller, cartpole: str) -> None:
    """Point 8: it is found again as the one that was last recorded under it; neither deletes what the other has."""
    other = caller.create("Pendulum-v0")
    for instance in (cartpole, other):
        start(caller, instance, OUTDIR, force=True)
        caller.play(instance)
        caller.post(f"{instance}/reset/")
    upload(caller, OUTDIR, algorithm_id="of the second")
    assert [evaluation["env_id"] for evaluation in evaluations(server, "of the second")] == ["Pendulum-v1"]
    assert recorded(server, cartpole) == recorded(server, other) == [1]


def test_an_upload_takes_an_open_a_closed_and_a_gone_monitor(server: Server, caller: Caller) -> None:
    """Point 18: with the episodes that have ended by then."""
    instance = caller.create("CartPole-v0")
    start(caller, instance, "open")
    for _ in range(3):
        caller.play(instance)
    upload(caller, "open", algorithm_id="open")
    NOTHING.check(caller.post(f"{instance}/monitor/close/"))
    upload(caller, "open", algorithm_id="closed")
    NOTHING.check(caller.post(f"{instance}/close/"))
    upload(caller, "open", algorithm_id="gone")
    assert [evaluations(server, state)[0]["episodes"] for state in ("open", "closed", "gone")] == [2, 2, 2]


def test_an_upload_does_not_wait_for_a_monitor_that_closes(server: Server, caller: Caller) -> None:
    """Point 18: JavaScript's example sends both at once, and ends at any answer but a good one."""
    instance = caller.create("test/Dawdles-v0")
    start(caller, instance, "closing")
    caller.play(instance)
    caller.post(f"{instance}/reset/")
    with Caller(server.url) as stepping, Caller(server.url) as closing:
        stepping.send(stepping.request("POST", f"{instance}/step/", b'{"action": 1}'))
        while server.document(instance.rpartition("/")[2])["state"] != "busy":
            pass
        closing.send(closing.request("POST", f"{instance}/monitor/close/", b""))
        upload(caller, "closing")
        assert server.document(instance.rpartition("/")[2])["state"] == "busy"
        assert [stepping.receive().status, closing.receive().status] == [200, 204]


def test_a_recording_outlives_the_crash_of_its_environment(server: Server, caller: Caller) -> None:
    """Point 18: it can be uploaded, gone on with after the restart, and its monitor is no longer open."""
    instance = caller.create("test/KillsItself-v0")
    start(caller, instance, "crashing")
    caller.play(instance, 4)
    caller.post(f"{instance}/reset/")
    assert caller.post(f"{instance}/step/", {"action": 1}).status == 502
    upload(caller, "crashing", algorithm_id="crashed")
    assert evaluations(server, "crashed")[0]["steps"] == 4
    caller.play(instance)
    start(caller, instance, "crashing", resume=True)
    caller.play(instance, 2)
    NOTHING.check(caller.post(f"{instance}/close/"))
    assert recorded(server, instance) == [4]


@pytest.mark.parametrize(("said", "kept"), [("mine", "mine"), ("", None), (None, None), ({}, None)], ids=repr)
def test_an_algorithm_may_have_no_name(server: Server, caller: Caller, cartpole: str, said: Any, kept: Any) -> None:
    """Point 18: each language has its own way to say so, R the strangest."""
    start(caller, cartpole, "nameless")
    caller.play(cartpole)
    caller.post(f"{cartpole}/reset/")
    upload(caller, "nameless", algorithm_id=said)
    (newest, *_) = sorted(
        server.http.get("/v2/scoreboard", params={"env_id": "CartPole-v0"}).json()["evaluations"],
        key=lambda evaluation: str(evaluation["created_at"]),
        reverse=True,
    )
    assert newest["algorithm_id"] == kept


@pytest.mark.parametrize("key", NO_KEY, ids=repr)
def test_an_upload_needs_a_key(caller: Caller, cartpole: str, key: dict[str, Any]) -> None:
    """Point 18: any will do, but none will not; the directory is asked for first."""
    start(caller, cartpole, "keyless")
    Complains(MISSING.format("api_key")).check(caller.post("/v1/upload/", {"training_dir": "keyless", **key}))
    Complains(MISSING.format("training_dir")).check(caller.post("/v1/upload/", key))
    Complains(MISSING.format("training_dir")).check(caller.post("/v1/upload/", {"training_dir": "", **key}))


def test_an_upload_of_nothing_says_so(caller: Caller, cartpole: str) -> None:
    """Point 18: a name that nobody gave, and a recording without an episode."""
    Complains("training_dir").check(caller.post("/v1/upload/", {"training_dir": "/tmp/nobody", "api_key": "k"}))  # noqa: S108 - a name
    start(caller, cartpole, "nothing yet")
    Complains("nothing is recorded").check(caller.post("/v1/upload/", {"training_dir": "nothing yet", "api_key": "k"}))


@pytest.fixture
def strict_server(tmp_path: Path) -> Iterator[Server]:
    """One whose operator has given out two keys."""
    with running_server(tmp_path, "--upload-key", "YOUR_API_KEY", "--upload-key", "k2") as server:
        yield server


def test_an_operators_keys_are_the_only_ones(strict_server: Server) -> None:
    """Point 18: each of them is good, any other is a mistake that names the field."""
    with Caller(strict_server.url) as caller:
        instance = caller.create("CartPole-v0")
        start(caller, instance, "strict")
        caller.play(instance)
        caller.post(f"{instance}/reset/")
        for key in ("YOUR_API_KEY", "k2"):
            upload(caller, "strict", api_key=key)
        for key in ("k", "your_api_key", "ключ"):
            Complains("api_key").check(caller.post("/v1/upload/", {"training_dir": "strict", "api_key": key}))
