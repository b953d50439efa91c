"""A server whose disk is full: environments step on, whoever needs the disk is told so, and all is well with room."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server, running_server
from tests.worker.recorded import films, pictures, stats

FULL = "No space left on device"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One whose `data` is a file system of four megabytes."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "data").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder / "data")]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder / "data")], check=True)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server with that data directory, and for which nothing that happens to it is a surprise."""
    with running_server(folder, "--import", "tests.envs") as running:
        yield running
    assert "Traceback" not in running.log


@contextlib.contextmanager
def full(server: Server) -> Iterator[None]:
    """There is no room for a single byte, until the block ends."""
    filler = server.data_dir / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(os.urandom(size))
    try:
        yield
    finally:
        filler.unlink()


def is_alive(server: Server) -> bool:
    """Whether the gateway answers."""
    return server.http.get("/healthz").status_code == 200


def test_a_step_succeeds_and_says_why_there_is_no_picture(server: Server) -> None:
    """In the seed's words; the number that was refused is that of the next picture."""
    instance = server.create("CartPole-v1")
    server.reset(instance, render=True)
    with full(server):
        reply = server.step(instance, 1, render=True)
        assert (reply.status_code, reply.json()["reward"]) == (200, 1.0)
        assert reply.json()["render"] == f"Error: {FULL}"
        reset = server.http.post(f"/v1/envs/{instance}/reset/", json={"render": True})
        assert (reset.status_code, reset.json()["observation"]["render"]) == (200, f"Error: {FULL}")
        assert is_alive(server)
        assert server.document(instance)["picture_error"] == FULL
    assert server.step(instance, 1, render=True).json()["render"] == "successfully rendered: 2.png"
    assert server.document(instance)["picture_error"] is None
    pictures = server.files.get(f"/{instance}/rendered/", headers={"Accept": "application/json"}).json()["entries"]
    assert [entry["name"] for entry in pictures] == ["1.png", "2.png", "latest.png"]


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg"])
def test_a_picture_of_now_is_refused_with_the_reason(server: Server, media_type: str) -> None:
    """It is the server's trouble and not the environment's; the step beside it has an error of its own."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.reset()
    url, accept = f"/v2/envs/{instance.instance_id}/render", {"Accept": media_type}
    with full(server):
        taken = instance.post("step", action=1, render=True)
        assert (taken.status_code, taken.json()["render"]) == (200, {"error": FULL})
        refused = server.http.get(url, headers=accept)
        assert (refused.status_code, refused.json()["code"]) == (500, "internal_error")
        assert refused.json()["detail"] == f"the picture cannot be written: {FULL}"
        assert is_alive(server)
    assert server.http.get(url, headers=accept).headers["Content-Type"] == media_type


def test_the_monitor_says_why_it_cannot_write(server: Server, tmp_path: Path) -> None:
    """Episodes go on, and are in its files as soon as there is room; a film that had none ends where it was."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start(video={"every_episodes": 1})
    lengths = [instance.play(0)]
    instance.reset(seed=1)
    instance.step(1)
    with full(server):
        lengths.append(1 + len(instance.step(*[1] * 100)))
        told = instance.get("monitor")
        assert (told["is_recording"], FULL in told["problem"]) == (True, True)
        lengths.append(instance.play(2))
        assert instance.get("statistics")["lengths"] == lengths
        assert is_alive(server)
    lengths.append(instance.play(3))
    assert instance.get("monitor") == {"is_recording": True, "problem": None}
    instance.stop()
    folder = instance.downloaded(tmp_path)
    assert stats(folder)["episode_lengths"] == lengths
    shown = {number: len(pictures(path)) for number, path in films(folder)}
    assert 1 <= shown.pop(1) <= lengths[1] + 1
    assert shown == {0: lengths[0] + 1, 3: lengths[3] + 1}


def test_a_monitor_closed_on_a_full_disk_is_closed_again_later(server: Server, tmp_path: Path) -> None:
    """The reason stays to be asked for, and so do the results until they are written."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    with full(server):
        length = instance.play()
        instance.stop()
        assert FULL in instance.get("monitor")["problem"]
    instance.stop()
    assert instance.get("monitor") == {"is_recording": False, "problem": None}
    assert stats(instance.downloaded(tmp_path))["episode_lengths"] == [length]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_instance_is_refused_with_the_reason(server: Server, version: str) -> None:
    """Nothing of the attempt is left, neither a process nor a folder."""
    url, fields = (
        ("/v2/envs", {"env_id": "CartPole-v1"})
        if version == "v2"
        else ("/v1/envs/create/", {"environment": "CartPole-v1"})
    )
    before = sorted(server.data_dir.iterdir())
    with full(server):
        processes = len(server.family())
        refused = server.http.post(url, json=fields)
        assert (refused.status_code, text(refused.json())) == (500, f"the data directory cannot be written: {FULL}")
        assert len(server.family()) == processes
        assert is_alive(server)
    assert sorted(server.data_dir.iterdir()) == before
    assert server.http.post(url, json=fields).status_code == 201


def test_an_upload_is_refused_with_the_reason(server: Server) -> None:
    """Neither an archive nor an evaluation is half there, and the next attempt succeeds."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    instance.play()
    instance.stop()
    fields = {"api_key": "k", "algorithm_id": "on a full disk"}
    archives = server.data_dir / instance.instance_id / "archives"
    with full(server):
        refused = instance.post("upload", **fields)
        assert (refused.status_code, refused.json()["detail"]) == (500, f"the archive cannot be written: {FULL}")
        assert not archives.exists() or not list(archives.iterdir())
        assert server.http.get("/v2/scoreboard").status_code == 200
    assert instance.upload(**fields)["episodes"] == 1
    assert len(list(archives.iterdir())) == 1


def test_a_scoreboard_that_cannot_be_written_keeps_no_archive(server: Server) -> None:
    """There is room for the one but not for the other: then for neither."""
    instance = RecordedInstance(server, "CartPole-v1")
    instance.start()
    instance.play()
    instance.stop()
    writeup = "x" * 60_000
    with full(server), room(server, 8):
        refused = instance.post("upload", api_key="k", writeup=writeup)
        assert refused.status_code == 500
        assert refused.json()["detail"].startswith("the evaluation cannot be written")
        assert not list((server.data_dir / instance.instance_id / "archives").iterdir())
    assert instance.upload(writeup=writeup)["writeup"] == writeup


@contextlib.contextmanager
def room(server: Server, pages: int) -> Iterator[None]:
    """The full disk has so many pages of four kilobytes after all."""
    filler = server.data_dir / "filler"
    os.truncate(filler, filler.stat().st_size - pages * 4096)
    yield


def test_what_an_environment_prints_costs_it_nothing(server: Server) -> None:
    """Its log ends where the disk did."""
    instance = RecordedInstance(server, "test/PrintsOneLine-v0")
    instance.reset()
    with full(server):
        assert instance.post("step", action=1).status_code == 200


def text(body: Any) -> Any:
    """What an error says, in either version."""
    return body.get("detail", body.get("message"))
