"""Evaluations: the score of known numbers, and that nothing an environment leaves behind is trusted."""

import math
import tarfile
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from gateway.evaluation import best_mean, episodes_to_solve
from protocol.errors import InvalidField
from tests.gateway.recordings import INSTANCE_ID, new_folder, record, upload
from tests.worker.players import always_right, balance, play, start


def openai_score(returns: list[float], reward_threshold: float) -> tuple[float | None, int | None]:
    """Best mean and the index of the first that passes, in NumPy, as the scoreboard of 2016 computed both."""
    if len(returns) < 100:
        return None, None
    cumulated = np.cumsum(np.insert(np.array(returns, dtype="float64"), 0, 0))
    means = (cumulated[100:] - cumulated[:-100]) / 100
    (above,) = np.where(means >= reward_threshold)
    best = int(np.argmax(means))
    return float(np.mean(returns[best : best + 100])), int(above[0]) if len(above) else None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [1, 99, 100, 101, 350, 1000])
def test_the_score_is_that_of_the_scoreboard_of_2016(seed: int, count: int) -> None:
    """The best mean of 100 consecutive episodes, and how many went before the first such mean at the threshold."""
    random = np.random.default_rng(seed)
    returns = [float(value) for value in (random.integers(0, 500, count) * np.linspace(0.2, 1.2, count)).astype(int)]
    mean, solved = openai_score(returns, 200.0)
    assert best_mean(returns) == (mean if mean is None else pytest.approx(mean))
    assert episodes_to_solve(returns, 200.0) == solved


def test_a_mean_at_the_threshold_solves_and_one_below_does_not() -> None:
    """Zero episodes went before if the first hundred do it."""
    assert episodes_to_solve([475.0] * 100, 475.0) == 0
    assert episodes_to_solve([0.0] + [475.0] * 100, 475.0) == 1
    assert episodes_to_solve([474.99] + [475.0] * 99, 475.0) is None
    assert episodes_to_solve([475.0] * 100, None) is None


def test_a_return_that_is_not_finite_has_no_part_in_the_score() -> None:
    """Windows with it have no mean."""
    assert best_mean([math.nan] * 50 + [1.0] * 100) == 1.0
    assert best_mean([1.0] * 60 + [math.nan] + [1.0] * 60) is None
    assert episodes_to_solve([math.nan] + [2.0] * 100, 1.0) == 1


def test_an_upload_says_everything_about_the_recording(tmp_path: Path) -> None:
    """Each field of an evaluation, from numbers that are known."""
    record(new_folder(tmp_path), [100.0] * 50 + [500.0] * 150, lengths=[7] * 200, films=2)
    made = upload(tmp_path)
    assert (made.instance_id, made.env_id, made.algorithm_id) == (INSTANCE_ID, "CartPole-v1", "lqr")
    assert (made.writeup, made.episodes, made.steps) == ("https://example.org", 200, 1400)
    assert (made.best_100_episode_mean, made.episodes_to_solve) == (500.0, 44)
    assert made.created_at.endswith("Z")
    assert [(video.episode_id, video.path) for video in made.videos] == [
        (number, f"/{INSTANCE_ID}/simulation/openaigym.video.0.4711.video00000{number}.mp4") for number in (0, 1)
    ]
    assert made.archive == f"/{INSTANCE_ID}/archives/{made.evaluation_id}.tar.gz"
    assert (tmp_path / made.archive[1:]).is_file()


def test_two_uploads_are_two_evaluations(tmp_path: Path) -> None:
    """Each with an id and an archive of its own."""
    record(new_folder(tmp_path), [1.0])
    one, other = upload(tmp_path), upload(tmp_path)
    assert one.evaluation_id != other.evaluation_id
    assert len(list((tmp_path / INSTANCE_ID / "archives").iterdir())) == 2


def test_the_results_of_several_monitors_are_one_in_order_of_time(tmp_path: Path) -> None:
    """Whichever monitor counted an episode, and whatever the order of the files."""
    folder = new_folder(tmp_path)
    record(folder, [5.0, 6.0], number=0, timestamps=[1030.0, 1040.0], lengths=[5, 6])
    record(folder, [], number=1)
    record(folder, [1.0, 8.0], number=2, timestamps=[1010.0, 1050.0], lengths=[1, 8], initial_reset_timestamp=990.0)
    curve = upload(tmp_path).learning_curve
    assert [point.mean_return for point in curve] == [1.0, 5.0, 6.0, 8.0]
    assert [point.elapsed_s for point in curve] == [20.0, 40.0, 50.0, 60.0]
    assert [(point.episode, point.steps) for point in curve] == [(1, 1), (2, 6), (3, 12), (4, 20)]


def test_what_real_monitors_recorded_is_scored_as_the_player_counted(tmp_path: Path) -> None:
    """Three of them one after the other, each with a film; a third of the episodes is played well."""
    folder = new_folder(tmp_path)
    played: list[tuple[int, float]] = []
    with gymnasium.make("CartPole-v1", render_mode="rgb_array") as env:
        for first in (0, 50, 100):
            monitor = start(folder, env, resume=True, video_every=50)
            seeds = range(first, first + 50)
            played += [play(env, monitor, balance if seed > 100 else always_right, seed) for seed in seeds]
            monitor.close()
    made = upload(tmp_path, reward_threshold=100.0)
    returns = [total for _, total in played]
    assert (made.episodes, made.steps) == (150, sum(length for length, _ in played))
    assert (made.best_100_episode_mean, made.episodes_to_solve) == openai_score(returns, 100.0)
    assert made.episodes_to_solve
    assert [point.mean_return for point in made.learning_curve] == returns
    assert [video.episode_id for video in made.videos] == [0, 0, 0]
    with tarfile.open(tmp_path / made.archive[1:]) as archive:
        assert len(archive.getnames()) == 3 * 4


def test_only_episodes_of_training_count(tmp_path: Path) -> None:
    """Gym could mark others; the newest of its files have one mark more than episodes."""
    record(new_folder(tmp_path), [1.0, 2.0, 3.0], episode_types=["t", "e", "t", "t"])
    assert upload(tmp_path).episodes == 2


def test_files_from_before_there_were_marks_can_be_uploaded(tmp_path: Path) -> None:
    """All their episodes were training."""
    record(new_folder(tmp_path), [1.0, 2.0], episode_types=None, initial_reset_timestamp=None)
    assert upload(tmp_path).episodes == 2


@pytest.mark.parametrize("count", [1, 199, 200, 201, 1234])
def test_a_learning_curve_has_few_points_and_every_episode(tmp_path: Path, count: int) -> None:
    """Their last is the end, and none is of many more episodes than another."""
    record(new_folder(tmp_path), [float(number) for number in range(count)])
    curve = upload(tmp_path).learning_curve
    assert len(curve) == min(count, 200)
    assert (curve[-1].episode, curve[-1].steps) == (count, 10 * count)
    sizes = np.diff([0, *(point.episode for point in curve)])
    assert sizes.max() - sizes.min() <= 1
    means = [point.mean_return or 0.0 for point in curve]
    assert float(np.dot(means, sizes)) == pytest.approx(sum(range(count)))


def test_a_return_that_is_null_leaves_a_gap_in_the_curve(tmp_path: Path) -> None:
    """It was not finite."""
    record(new_folder(tmp_path), [None, 2.0])
    assert [point.mean_return for point in upload(tmp_path).learning_curve] == [None, 2.0]


def test_of_very_many_films_a_hundred_are_shown(tmp_path: Path) -> None:
    """Evenly spread from the first to the last; the archive has them all."""
    record(new_folder(tmp_path), [1.0] * 250, films=250)
    made = upload(tmp_path)
    shown = [video.episode_id for video in made.videos]
    assert (len(shown), shown[0], shown[-1]) == (100, 0, 249)
    assert set(np.diff(shown)) <= {2, 3}
    with tarfile.open(tmp_path / made.archive[1:]) as archive:
        assert sum(name.endswith(".mp4") for name in archive.getnames()) == 250


def test_a_film_that_is_missing_is_not_shown(tmp_path: Path) -> None:
    """A kill may leave a manifest that names one which never came to be."""
    folder = new_folder(tmp_path)
    record(folder, [1.0], films=3)
    (folder / "openaigym.video.0.4711.video000001.mp4").unlink()
    (folder / "openaigym.video.0.4711.video000002.meta.json").write_text("{")
    assert [video.episode_id for video in upload(tmp_path).videos] == [0]


def test_the_archive_holds_the_monitors_files_and_no_others(tmp_path: Path) -> None:
    """Byte for byte, under their base names."""
    folder = new_folder(tmp_path)
    record(folder, [1.0], films=1)
    (folder / "secret.txt").write_text("not the monitor's")
    (folder / ".openaigym.hidden.tmp").write_text("half a file")
    (folder / "openaigym.folder").mkdir()
    path = tmp_path / upload(tmp_path).archive[1:]
    with tarfile.open(path, "r:gz") as archive:
        archive.extractall(tmp_path / "taken out", filter="data")
    content = {file.name: file.read_bytes() for file in (tmp_path / "taken out").iterdir()}
    assert content == {name: (folder / name).read_bytes() for name in content}
    assert all(name.startswith("openaigym.") for name in content)
    assert len(content) == 4
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_recording_that_is_too_large_leaves_no_archive(tmp_path: Path) -> None:
    """Not even half of one."""
    record(new_folder(tmp_path), [1.0], films=5)
    with pytest.raises(InvalidField, match="above 1000 bytes; film fewer episodes"):
        upload(tmp_path, max_archive_bytes=1000)
    assert not list((tmp_path / INSTANCE_ID / "archives").iterdir())


def test_an_open_monitor_is_refused(tmp_path: Path) -> None:
    """The error says both ways on."""
    record(new_folder(tmp_path), [1.0])
    with pytest.raises(InvalidField, match="close it first, or set ignore_open_monitors"):
        upload(tmp_path, has_open_monitor=True)


@pytest.mark.parametrize("left_behind", ["nothing", "an empty folder", "a monitor without an episode"])
def test_nothing_recorded_is_an_error_that_says_what_to_do(tmp_path: Path, left_behind: str) -> None:
    """Whatever there is instead of an episode."""
    if left_behind != "nothing":
        folder = new_folder(tmp_path)
        if left_behind == "a monitor without an episode":
            record(folder, [])
    with pytest.raises(InvalidField, match="nothing is recorded: start the monitor"):
        upload(tmp_path)


@pytest.mark.parametrize(("field", "length"), [("algorithm_id", 257), ("writeup", 65_537)])
def test_a_text_that_is_too_long_is_refused(tmp_path: Path, field: str, length: int) -> None:
    """The error names the field."""
    record(new_folder(tmp_path), [1.0])
    with pytest.raises(InvalidField) as caught:
        upload(tmp_path, **{field: "x" * length})
    assert caught.value.errors[0].path == f"$.{field}"
