"""How long artifacts are kept: what has expired goes, what is alive, recent or on the scoreboard stays."""

import logging
import os
import time
from pathlib import Path

import pytest

from gateway.retention import expired_folders, forget_expired, forget_old_artifacts
from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server, running_server

DAY_S = 24 * 3600
WEEK_S = 7 * DAY_S


def new_folder(data_dir: Path, name: str, age_s: float) -> Path:
    """An instance's folder in which nothing has changed for so long."""
    folder = data_dir / name
    for inner in ("rendered", "simulation", "logs"):
        (folder / inner).mkdir(parents=True)
    (folder / "rendered" / "1.png").write_bytes(b"picture")
    (folder / "logs" / "output.log").write_text("printed")
    (folder / "instance.json").write_text("{}")
    grow_old(folder, age_s)
    return folder


def grow_old(folder: Path, age_s: float) -> None:
    """As if nobody had touched it for so long."""
    then = time.time() - age_s
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then), follow_symlinks=False)


def touch(path: Path) -> None:
    """It has changed just now."""
    os.utime(path)


def test_folders_expire_after_their_time(tmp_path: Path) -> None:
    """Counted from the last change of anything in them."""
    old = new_folder(tmp_path, "0000aaa1", WEEK_S + 10)
    new_folder(tmp_path, "0000aaa2", WEEK_S - 10)
    assert expired_folders(tmp_path, WEEK_S) == [old]
    assert expired_folders(tmp_path, 2 * WEEK_S) == []


@pytest.mark.parametrize("changed", [".", "rendered", "simulation", "logs", "logs/output.log", "instance.json"])
def test_whatever_was_written_keeps_a_folder(tmp_path: Path, changed: str) -> None:
    """A picture changes the folder that it is put into, a log grows in its place."""
    folder = new_folder(tmp_path, "0000aaa1", WEEK_S + 10)
    touch(folder / changed)
    assert expired_folders(tmp_path, WEEK_S) == []


def test_a_folder_with_an_archive_never_expires(tmp_path: Path) -> None:
    """The scoreboard refers to it, and to the films beside it."""
    folder = new_folder(tmp_path, "0000aaa1", WEEK_S)
    (folder / "archives").mkdir()
    grow_old(folder, 100 * WEEK_S)
    assert expired_folders(tmp_path, WEEK_S) == []


def test_nothing_but_folders_of_instances_expires(tmp_path: Path) -> None:
    """The data directory is the operator's, and so is what else is in it."""
    for name in ("backup", "0000aaa", "0000AAA1", "0000aaa12", ".hidden1"):
        new_folder(tmp_path, name, 100 * WEEK_S)
    (tmp_path / "0000aaa3").write_text("a file")
    os.utime(tmp_path / "0000aaa3", (0, 0))
    assert expired_folders(tmp_path, WEEK_S) == []


async def test_what_has_expired_is_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With all that is in it; an instance that is alive keeps its folder, however long it has been idle."""
    for number in range(5):
        new_folder(tmp_path, f"0000aaa{number}", WEEK_S + 10)
    caplog.set_level(logging.INFO, "gateway.retention")
    await forget_expired(tmp_path, WEEK_S, lambda: {"0000aaa2"})
    assert [folder.name for folder in tmp_path.iterdir()] == ["0000aaa2"]
    assert (tmp_path / "0000aaa2" / "rendered" / "1.png").exists()
    assert sorted(record.getMessage().split(":")[0] for record in caplog.records) == [
        f"0000aaa{number}" for number in (0, 1, 3, 4)
    ]


async def test_without_a_time_nothing_is_ever_deleted(tmp_path: Path) -> None:
    """There is nothing to wait for, and it does not."""
    folder = new_folder(tmp_path, "0000aaa1", 1000 * WEEK_S)
    await forget_old_artifacts(tmp_path, None, frozenset)
    assert folder.exists()


def test_a_link_in_a_folder_is_deleted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    """Environments may leave anything behind."""
    outside = new_folder(tmp_path, "outside", 0)
    data_dir = tmp_path / "data"
    folder = new_folder(data_dir, "0000aaa1", 0)
    (folder / "rendered" / "link").symlink_to(outside)
    (folder / "simulation" / "link").symlink_to(outside / "instance.json")
    grow_old(folder, WEEK_S + 10)
    before = sorted(outside.rglob("*"))
    with running_server(tmp_path, "--keep-artifacts", str(WEEK_S)) as server:
        wait_until_gone(server, folder)
    assert sorted(outside.rglob("*")) == before


def wait_until_gone(server: Server, folder: Path) -> None:
    """The server looks as soon as it has started."""
    while folder.exists():
        assert server.http.get("/healthz").status_code == 200


def test_a_server_forgets_the_artifacts_of_the_one_before(tmp_path: Path) -> None:
    """Those that are old; not those that are recent, nor those that were uploaded."""
    with running_server(tmp_path) as server:
        instances = [RecordedInstance(server, "CartPole-v1") for _ in range(3)]
        for instance in instances:
            instance.start()
            instance.play()
            instance.stop()
        evaluation = instances[1].upload()
    old, uploaded, recent = (tmp_path / "data" / instance.instance_id for instance in instances)
    for folder in (old, uploaded):
        grow_old(folder, WEEK_S + DAY_S)
    with running_server(tmp_path, "--keep-artifacts", str(WEEK_S)) as server:
        wait_until_gone(server, old)
        assert server.files.get(f"/{old.name}/simulation/").status_code == 404
        assert server.files.get(evaluation["archive"]).status_code == 200
        assert recent.exists()
        assert "its artifacts were deleted" in server.log
