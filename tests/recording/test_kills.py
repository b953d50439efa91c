"""What was recorded and uploaded outlives a SIGKILL: of the worker at any step, of the gateway at any moment."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.recording.player import player
from tests.recording.recorded_instance import RecordedInstance, names_of
from tests.server import Server, Watched, running_server
from tests.worker.recorded import films, manifests, pictures, stats, strict

FPS = 30
ROUNDS = 4


@pytest.mark.parametrize("steps", [0, 1, 100, 199])
async def test_a_kill_in_the_middle_of_an_episode_costs_less_than_a_second(
    server: Server, tmp_path: Path, steps: int
) -> None:
    """The film plays, the JSON is whole, and what the worker had answered is counted."""
    instance = RecordedInstance(server, "MountainCar-v0", render_mode="rgb_array")
    instance.start(video={"every_episodes": 1})
    assert instance.play() == 200
    async with player(server, instance.instance_id) as plays:
        await plays.reset()
        for _ in range(steps):
            await plays.step(0)
        os.kill(server.document(instance.instance_id)["pid"], signal.SIGKILL)
    told = instance.get("statistics")
    assert (told["episodes"], told["steps"], told["lengths"]) == (1, 200 + steps, [200])
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == [200]
    first, second = (len(pictures(path)) for _, path in films(folder))
    assert first == 201
    assert second >= steps + 1 - FPS
    assert second >= steps, "it is the one picture that the muxer holds back, and not a second of them"


async def test_a_kill_in_the_middle_of_many_steps_leaves_valid_files(server: Server, tmp_path: Path) -> None:
    """The request that ran is lost, with what nobody was told; the film has all the same what was filmed of it."""
    instance = RecordedInstance(server, "MountainCar-v0", render_mode="rgb_array", max_episode_steps=100_000)
    instance.start(video={"every_episodes": 1})
    instance.reset()
    instance.step(*[0] * 50)
    before = film_bytes(server, instance)
    async with player(server, instance.instance_id) as plays:
        await plays.send("step", actions=[0] * 10_000)
        while film_bytes(server, instance) < before + 30_000:
            pass
        os.kill(server.document(instance.instance_id)["pid"], signal.SIGKILL)
        assert (await plays.receive())["problem"]["crash"]["signal"] == signal.SIGKILL
    assert instance.get("statistics")["steps"] == 50
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == []
    ((_, path),) = films(folder)
    assert 51 < len(pictures(path)) < 10_000


def film_bytes(server: Server, instance: RecordedInstance) -> int:
    """How large the film is by now."""
    (name,) = (name for name in instance.names() if name.endswith(".mp4"))
    return int(server.files.head(f"/{instance.instance_id}/simulation/{name}").headers["Content-Length"])


def test_a_restarted_worker_resumes_the_recording(server: Server, tmp_path: Path) -> None:
    """Its results are merged with those of the one that was killed, and both were counted in one row."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array", on_crash="restart")
    instance.start()
    lengths = [instance.play(seed) for seed in range(3)]
    assert instance.post("kill").json()["cause"] == "killed"
    instance.reset()
    assert instance.get("monitor") == {"is_recording": False, "problem": None}
    refused = instance.post("monitor/start")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    instance.start(resume=True)
    lengths += [instance.play(seed) for seed in range(3, 5)]
    instance.stop()
    assert instance.get("statistics")["lengths"] == lengths
    both = manifests(instance.downloaded(tmp_path))
    assert [one["stats"].split(".")[2] for one in both] == ["0", "1"]
    evaluation = instance.upload()
    assert (evaluation["episodes"], evaluation["steps"]) == (5, sum(lengths))
    assert [point["mean_return"] for point in evaluation["learning_curve"]] == lengths
    assert [video["episode_id"] for video in evaluation["videos"]] == [0, 1, 0, 1]


def test_what_a_killed_worker_recorded_can_be_uploaded(server: Server) -> None:
    """Nobody can close a monitor that is gone, so nobody has to."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    length = instance.play()
    os.kill(server.document(instance.instance_id)["pid"], signal.SIGKILL)
    while server.document(instance.instance_id)["state"] != "crashed":
        pass
    assert server.document(instance.instance_id)["monitor"] == {"is_recording": False}
    assert instance.upload()["steps"] == length


def test_an_upload_that_was_answered_outlives_the_gateway(tmp_path: Path) -> None:
    """Killed the moment the answer is there, again and again: the next server has the evaluation and its archive."""
    evaluations: list[Any] = []
    for _ in range(ROUNDS):
        with running_server(tmp_path) as server:
            check_all(server, evaluations)
            instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
            instance.start()
            instance.play()
            with Watched(server.family()) as family:
                evaluations.append(instance.upload(ignore_open_monitors=True))
                server.process.kill()
                assert not family.wait(20)
            server.process.wait()
    with running_server(tmp_path) as server:
        check_all(server, evaluations)


def check_all(server: Server, evaluations: list[Any]) -> None:
    """Each is on the scoreboard as it was answered, and what it refers to is served."""
    found = server.http.get("/v2/scoreboard").json()["evaluations"]
    by_id = {one["evaluation_id"]: one for one in found}
    assert by_id == {one["evaluation_id"]: one for one in evaluations}
    for one in evaluations:
        assert server.files.get(one["archive"]).content.startswith(b"\x1f\x8b")
        for video in one["videos"]:
            assert server.files.get(video["path"]).status_code == 200
        for name in names_of(server, one["instance_id"]):
            if name.endswith(".json"):
                strict(server.files.get(f"/{one['instance_id']}/simulation/{name}").content)
