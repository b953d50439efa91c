"""The monitor as clients drive it: which episodes it counts, which it films, what it refuses, what it leaves."""

from pathlib import Path

import pytest

from tests.recording.recorded_instance import RecordedInstance, names_of
from tests.server import Server
from tests.worker.recorded import films, manifest, manifests, pictures, stats, strict


def test_older_recordings_are_kept_deleted_or_an_error(server: Server, tmp_path: Path) -> None:
    """As `resume`, `force` or neither say; the error names the files."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start()
    instance.play()
    instance.stop()
    first = instance.names()
    refused = instance.post("monitor/start")
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.force")
    assert first[0] in refused.json()["detail"]
    instance.start(resume=True)
    instance.play()
    instance.stop()
    assert set(first) < set(instance.names())
    assert len(instance.names()) == 2 * len(first)
    instance.start(force=True)
    instance.stop()
    assert instance.names() == first[:2]
    assert stats(instance.downloaded(tmp_path))["episode_lengths"] == []


def test_a_monitor_that_records_is_not_started_again(server: Server) -> None:
    """Not even with `force`, which would delete what it writes."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    for fields in ({}, {"force": True}, {"resume": True}):
        refused = instance.post("monitor/start", **fields)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
        assert "already recording" in refused.json()["detail"]
    assert instance.get("monitor") == {"is_recording": True, "problem": None}


def test_closing_twice_is_closing_once(server: Server, tmp_path: Path) -> None:
    """And so is closing one that was never started."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.stop()
    instance.start()
    length = instance.play()
    instance.reset()
    instance.step(1)
    instance.stop()
    instance.step(1)
    instance.stop()
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == [length]
    assert [len(pictures(path)) for _, path in films(folder)] == [length + 1, 2]


def test_a_recording_begins_with_a_reset(server: Server, tmp_path: Path) -> None:
    """Started in the middle of an episode, no step is taken until there is one; nothing of the rest is recorded."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.reset(seed=0)
    instance.step(1)
    instance.start()
    for version, fields in (("v2", {"actions": [1]}), ("v1", {"action": 1})):
        refused = server.http.post(f"/{version}/envs/{instance.instance_id}/step", json=fields)
        assert refused.status_code == {"v1": 400, "v2": 409}[version]
        assert "recording begins with a reset" in refused.text
    length = instance.play()
    beyond = server.http.post(f"/v1/envs/{instance.instance_id}/step/", json={"action": 1})
    assert (beyond.status_code, "the episode has ended" in beyond.text) == (400, True)
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == [length]
    assert [len(pictures(path)) for _, path in films(folder)] == [length + 1]


def test_an_instance_that_is_closed_while_it_records_leaves_whole_files(server: Server, tmp_path: Path) -> None:
    """What was played to its end counts and can be uploaded, as nothing is open any more."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start()
    length = instance.play()
    instance.reset()
    instance.step(*[1] * 5)
    assert server.http.delete(f"/v2/envs/{instance.instance_id}").status_code == 204
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == [length]
    assert [len(pictures(path)) for _, path in films(folder)] == [length + 1, 6]
    assert instance.upload()["steps"] == length


@pytest.mark.parametrize(
    ("video", "filmed"),
    [
        ("capped_cubic", [0, 1, 8]),
        ("never", []),
        ({"every_episodes": 1}, list(range(10))),
        ({"every_episodes": 4}, [0, 4, 8]),
    ],
)
def test_the_schedule_is_the_clients(server: Server, tmp_path: Path, video: object, filmed: list[int]) -> None:
    """The films are those of the episodes that it names, and the manifest lists them."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start(video=video)
    lengths = [instance.play(seed) for seed in range(10)]
    instance.stop()
    folder = instance.downloaded(tmp_path)
    shown = {number: len(pictures(path)) for number, path in films(folder)}
    assert shown == {number: lengths[number] + 1 for number in filmed}
    assert len(instance.names()) == 2 + 2 * len(filmed)


@pytest.mark.parametrize(
    "video",
    [
        "always",
        {"every_episodes": 0},
        {"every_episodes": 2**70},
        {},
        {"every": 2},
        {"every_episodes": 1, "x": 1},
        3,
        True,
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(server: Server, video: object) -> None:
    """And nothing is recorded."""
    instance = RecordedInstance(server, "CartPole-v1")
    refused = instance.post("monitor/start", video=video)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    assert "$.video" in refused.text
    assert instance.get("monitor")["is_recording"] is False


def test_an_environment_of_text_is_filmed_as_an_asciicast(server: Server, tmp_path: Path) -> None:
    """Version 2: a header, then an event for the reset and each step; the last shows what `render` shows."""
    instance = RecordedInstance(server, "FrozenLake-v1", render_mode="ansi", kwargs={"is_slippery": False})
    instance.start()
    instance.reset(seed=0)
    taken = instance.step(1, 1, 2, 2, 1, 2)
    assert taken[-1]["terminated"]
    drawn = server.http.get(f"/v2/envs/{instance.instance_id}/render", headers={"Accept": "text/plain"}).text
    instance.stop()
    ((_, path),) = films(instance.downloaded(tmp_path))
    header, *events = map(strict, path.read_text().splitlines())
    assert (path.suffix, header["version"], len(events)) == (".json", 2, 1 + 6)
    assert events[-1][2].endswith(drawn.replace("\n", "\r\n"))
    served = server.files.get(f"/{instance.instance_id}/simulation/{path.name}")
    assert served.headers["Content-Type"].startswith("application/")
    assert instance.upload()["videos"][0]["content_type"] == "video/vnd.openai.ansivid"


@pytest.mark.parametrize("autoreset", ["disabled", "next_step", "same_step"])
def test_an_episode_counts_once_however_the_next_one_begins(server: Server, tmp_path: Path, autoreset: str) -> None:
    """By the client's reset, by the step after the end or by the one that ends it: the numbers are the same."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array", autoreset=autoreset)
    instance.start(video={"every_episodes": 2})
    lengths: list[int] = []
    instance.reset(seed=0)
    length = 0
    while len(lengths) < 4:
        (taken,) = instance.step(1)
        if length or taken["reward"] or autoreset != "next_step":
            length += 1
        if taken["terminated"]:
            lengths.append(length)
            length = 0
            if autoreset == "disabled" and len(lengths) < 4:
                instance.reset()
    instance.stop()
    told = instance.get("statistics")
    assert (told["episodes"], told["steps"], told["lengths"], told["returns"]) == (4, sum(lengths), lengths, lengths)
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == lengths
    assert [(number, len(pictures(path))) for number, path in films(folder)][:2] == [
        (0, lengths[0] + 1),
        (2, lengths[2] + 1),
    ]
    begun = 4 + (autoreset == "same_step")
    assert manifest(folder)["seeds"] == [0] + [None] * (begun - 1)


def test_one_request_may_hold_many_episodes(server: Server, tmp_path: Path) -> None:
    """Where the environment resets itself; counted like those of single steps."""
    instance = RecordedInstance(server, "CartPole-v1", autoreset="same_step")
    instance.start()
    instance.reset(seed=1)
    taken = instance.step(*[1] * 100)
    ends = [number for number, transition in enumerate(taken, 1) if transition["terminated"]]
    lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    assert len(lengths) > 5
    assert instance.get("statistics")["lengths"] == lengths
    assert stats(instance.downloaded(tmp_path))["episode_lengths"] == lengths


def test_monitors_of_neighbours_know_nothing_of_each_other(server: Server, tmp_path: Path) -> None:
    """Each in its own instance's folder, with its own numbers."""
    both = [RecordedInstance(server, "CartPole-v1") for _ in range(2)]
    for instance in both:
        instance.start()
    lengths = [
        [instance.play(seed) for seed in range(3 * number, 3 * number + 3)] for number, instance in enumerate(both)
    ]
    for instance, played in zip(both, lengths, strict=True):
        assert stats(instance.downloaded(tmp_path))["episode_lengths"] == played
        assert len(manifests(tmp_path / instance.instance_id)) == 1


def test_nothing_is_written_outside_the_instances_folder(server: Server) -> None:
    """Whatever directory a client of 2016 names; the same name finds the recording again."""
    created = server.http.post("/v1/envs/", json={"env_id": "CartPole-v1"}).json()["instance_id"]
    one = f"/v1/envs/{created}"
    directory = "../../../../escaped"
    assert server.http.post(f"{one}/monitor/start/", json={"directory": directory}).status_code == 204
    server.http.post(f"{one}/reset/")
    while not server.http.post(f"{one}/step/", json={"action": 0}).json()["done"]:
        pass
    assert server.http.post(f"{one}/monitor/close/").status_code == 204
    assert len(names_of(server, created)) == 4
    assert not list(server.data_dir.parent.rglob("escaped"))
    fields = {"training_dir": directory, "api_key": "k", "algorithm_id": "escaped"}
    assert server.http.post("/v1/upload/", json=fields).status_code == 204
    found = server.http.get("/v2/scoreboard", params={"algorithm_id": "escaped"}).json()["evaluations"]
    assert [one["instance_id"] for one in found] == [created]
