"""Nothing that an environment leaves in its folder is trusted when the folder becomes an evaluation."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import InvalidField
from tests.gateway.recordings import INSTANCE_ID, film, new_folder, record, upload

Prank = Callable[[Path], object]


def manifest_of(folder: Path) -> Path:
    """The manifest that `record` has written."""
    return folder / "openaigym.manifest.0.4711.manifest.json"


def stats_of(folder: Path) -> Path:
    """The results that `record` has written."""
    return folder / "openaigym.episode_batch.0.4711.stats.json"


def replace_by_link(file: Path, target: str) -> None:
    """The file is a link to the target."""
    file.unlink()
    file.symlink_to(target)


def replace_by_pipe(file: Path) -> None:
    """The file is a pipe without a writer, which holds whoever opens it carelessly."""
    file.unlink()
    os.mkfifo(file)


def change(file: Path, **values: Any) -> None:
    """The fields of the JSON file have these values."""
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


PRANKS: dict[str, Prank] = {
    "the manifest is a link": lambda folder: replace_by_link(manifest_of(folder), "/etc/passwd"),
    "the results are a link": lambda folder: replace_by_link(stats_of(folder), "/etc/passwd"),
    "the results are a pipe": lambda folder: replace_by_pipe(stats_of(folder)),
    "the manifest is a pipe": lambda folder: replace_by_pipe(manifest_of(folder)),
    "the manifest leads out": lambda folder: change(manifest_of(folder), stats="../../../etc/passwd"),
    "the manifest names a stranger": lambda folder: change(manifest_of(folder), stats="secret.stats.json"),
    "the results are missing": lambda folder: stats_of(folder).unlink(),
    "the results are no JSON": lambda folder: stats_of(folder).write_text("{"),
    "the results are a list": lambda folder: stats_of(folder).write_text("[]"),
    "the results are too nested": lambda folder: stats_of(folder).write_text("[" * 1_000_000),
    "the results are too large": lambda folder: stats_of(folder).write_text(" " * 9_000_000),
    "the lists are of unequal lengths": lambda folder: change(stats_of(folder), episode_lengths=[1]),
    "there is a type too few": lambda folder: change(stats_of(folder), episode_types=["t"]),
    "a length is negative": lambda folder: change(stats_of(folder), episode_lengths=[1, -1]),
    "a length is beyond counting": lambda folder: change(stats_of(folder), episode_lengths=[1, 10**400]),
    "a time is before time": lambda folder: change(stats_of(folder), timestamps=[-1.0, 1.0]),
    "a return is beyond adding": lambda folder: change(stats_of(folder), episode_rewards=[1e308, 1e308]),
    "a return is text": lambda folder: change(stats_of(folder), episode_rewards=["1", "2"]),
    "a film is a link": lambda folder: (folder / "openaigym.film.mp4").symlink_to("/etc/passwd"),
    "a film is a pipe": lambda folder: os.mkfifo(folder / "openaigym.film.mp4"),
}


@pytest.mark.parametrize("prank", PRANKS)
def test_what_an_environment_has_forged_is_refused(tmp_path: Path, prank: str) -> None:
    """As the caller's error; nothing hangs, nothing is followed, no archive is left."""
    folder = new_folder(tmp_path)
    record(folder, [1.0, 2.0])
    PRANKS[prank](folder)
    with pytest.raises(InvalidField, match=r"monitor|manifest"):
        upload(tmp_path)
    archives = tmp_path / INSTANCE_ID / "archives"
    assert not archives.exists() or not list(archives.iterdir())


def test_a_film_of_another_folder_is_not_shown(tmp_path: Path) -> None:
    """A manifest may name anything."""
    folder = new_folder(tmp_path)
    record(folder, [1.0])
    (folder / "inner").mkdir()
    film(folder / "inner", "0.1", 0)
    names = [("inner/openaigym.video.0.1.video000000.mp4", "inner/openaigym.video.0.1.video000000.meta.json")]
    change(manifest_of(folder), videos=names)
    assert upload(tmp_path).videos == []


@pytest.mark.parametrize("name", ["simulation", "archives"])
def test_a_folder_that_is_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    """Neither to read there nor to write there."""
    record(new_folder(tmp_path), [1.0])
    elsewhere = tmp_path / "elsewhere"
    if name == "simulation":
        (tmp_path / INSTANCE_ID / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (tmp_path / INSTANCE_ID / name).symlink_to(elsewhere)
    before = sorted(elsewhere.iterdir())
    with pytest.raises(InvalidField):
        upload(tmp_path)
    assert sorted(elsewhere.iterdir()) == before


def test_more_files_than_anybody_films_are_refused(tmp_path: Path) -> None:
    """The listing itself has a bound."""
    folder = new_folder(tmp_path)
    record(folder, [1.0])
    for number in range(20_001):
        (folder / f"openaigym.{number}").touch()
    with pytest.raises(InvalidField, match="more than 20000 files"):
        upload(tmp_path)
