"""Two hundred episodes of CartPole, solved, recorded, uploaded and scored: each number against the player's own."""

import asyncio
import io
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.recording.player import Played, Policy, player
from tests.server import Server
from tests.worker.players import always_right, balance
from tests.worker.recorded import films, manifest, pictures, stats

EPISODES = 200
LEARNT_AFTER = 85
FILMED = [0, 1, 8, 27, 64, 125]
UPLOADS = {"seed": "upload/", "http": "/v1/upload/", "v2": "upload"}

Picture = NDArray[np.uint8]


class Run(NamedTuple):
    """What was played, as the client knows it, and what came of it."""

    instance_id: str
    env_id: str
    reward_threshold: float
    played: list[Played]
    drawn: dict[int, tuple[Picture, Picture]]
    evaluations: dict[str, Any]

    @property
    def returns(self) -> list[float]:
        return [episode.total_reward for episode in self.played]


@pytest.fixture(
    scope="module",
    params=["CartPole-v0", pytest.param("CartPole-v1", marks=[pytest.mark.slow, pytest.mark.timeout(600)])],
)
def run(server: Server, request: pytest.FixtureRequest) -> Run:
    """A player that lets the pole fall until it has learnt to balance it; all of it is recorded and uploaded."""
    env_id = request.param
    created = server.http.post("/v2/envs", json={"env_id": env_id, "render_mode": "rgb_array"})
    instance_id = created.json()["instance_id"]
    started = server.http.post(f"/v1/envs/{instance_id}/monitor/start", json={"directory": f"/results/{env_id}"})
    assert started.json() == {"message": True}
    played, drawn = asyncio.run(play_all(server, instance_id, env_id))
    assert server.http.post(f"/v2/envs/{instance_id}/monitor/close").json() == {"is_recording": False}
    evaluations = {dialect: upload(server, instance_id, env_id, dialect) for dialect in UPLOADS}
    reward_threshold = {"CartPole-v0": 195.0, "CartPole-v1": 475.0}[env_id]
    return Run(instance_id, env_id, reward_threshold, played, drawn, evaluations)


async def play_all(
    server: Server, instance_id: str, env_id: str
) -> tuple[list[Played], dict[int, tuple[Picture, Picture]]]:
    """Every episode, and of those that are filmed how they looked at their beginning and at their end.

    The player of version 0 plans an episode and sends it at once; that of version 1 looks before every step.
    """
    played, drawn = [], {}
    async with player(server, instance_id) as plays:
        for number in range(EPISODES):
            policy = balance if number >= LEARNT_AFTER else always_right
            observation = await plays.reset(seed=number, render=number == 0)
            first = look(server, instance_id) if number in FILMED else None
            if env_id == "CartPole-v0":
                played.append(await plays.follow(plan(policy, number)))
            else:
                played.append(await plays.play(policy, observation))
            if first is not None:
                drawn[number] = first, look(server, instance_id)
    return played, drawn


def plan(policy: Policy, seed: int) -> list[int]:
    """The actions of an episode that was played in this process; version 0 is version 1 cut short."""
    actions, ended = [], False
    with gymnasium.make("CartPole-v1", max_episode_steps=200) as env:
        observation, _ = env.reset(seed=seed)
        while not ended:
            actions.append(policy(observation))
            observation, _, terminated, truncated, _ = env.step(actions[-1])
            ended = terminated or truncated
    return actions


def look(server: Server, instance_id: str) -> Picture:
    """The environment as it looks now, `(height, width, 3)` uint8."""
    return decoded(server.http.get(f"/v2/envs/{instance_id}/render").content)


def decoded(png: bytes) -> Picture:
    """The picture in a PNG."""
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def upload(server: Server, instance_id: str, env_id: str, dialect: str) -> Any:
    """The evaluation that an upload in this dialect has put on the scoreboard."""
    algorithm_id = f"{dialect} {env_id}"
    fields = {"algorithm_id": algorithm_id, "api_key": "sk_client"}
    if dialect == "http":
        answer = server.http.post("/v1/upload/", json=fields | {"training_dir": f"/results/{env_id}"})
    else:
        answer = server.http.post(f"/{dialect.replace('seed', 'v1')}/envs/{instance_id}/upload", json=fields)
    assert answer.status_code == {"seed": 200, "http": 204, "v2": 201}[dialect], answer.text
    (evaluation,) = board(server, algorithm_id=algorithm_id)
    if dialect == "v2":
        assert answer.json() == evaluation
    return evaluation


def board(server: Server, **query: str) -> Any:
    """The evaluations that a query finds."""
    return server.http.get("/v2/scoreboard", params=query).json()["evaluations"]


@pytest.fixture
def archive(server: Server, run: Run, tmp_path: Path) -> Path:
    """The folder that the evaluation's archive, downloaded from the artifact port, was unpacked into."""
    answer = server.files.get(run.evaluations["v2"]["archive"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/gzip")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as content:
        content.extractall(tmp_path, filter="data")
    return tmp_path


def test_the_results_are_those_that_the_player_counted(run: Run, archive: Path) -> None:
    """Length and return of every episode, in order, each of which was played with the seed that the manifest names."""
    recorded = stats(archive)
    assert (
        list(map(Played._make, zip(recorded["episode_lengths"], recorded["episode_rewards"], strict=True)))
        == run.played
    )
    assert manifest(archive)["seeds"] == list(range(EPISODES))
    assert len(recorded["timestamps"]) == len(recorded["episode_types"]) == EPISODES
    assert manifest(archive)["env_info"]["env_id"] == run.env_id


def test_the_controller_has_solved_it(run: Run) -> None:
    """So that the score is worth computing: a hundred episodes in a row reach the threshold."""
    assert np.mean(run.returns[-100:]) >= run.reward_threshold
    assert np.mean(run.returns[:LEARNT_AFTER]) < 20


def test_every_film_has_the_pictures_of_its_episode(run: Run, archive: Path) -> None:
    """Of each step one and one of the reset; the first and the last are what the API drew at that moment."""
    filmed = dict(films(archive))
    assert list(filmed) == FILMED
    for number, path in filmed.items():
        shown = pictures(path)
        assert len(shown) == run.played[number].length + 1
        for picture, drawn in zip((shown[0], shown[-1]), run.drawn[number], strict=True):
            assert picture.shape == drawn.shape
            assert distance(picture, drawn) < 1
        assert distance(shown[0], run.drawn[number][1]) > distance(shown[0], run.drawn[number][0])


def distance(one: Picture, other: Picture) -> float:
    """How far two pictures are apart, on average, in 256ths."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_the_first_film_begins_with_the_first_picture(server: Server, run: Run, archive: Path) -> None:
    """`1.png`, which that reset was asked to draw."""
    first = decoded(server.files.get(f"/{run.instance_id}/rendered/1.png").content)
    assert distance(pictures(dict(films(archive))[0])[0], first) < 1


def test_the_archive_is_all_that_was_recorded(server: Server, run: Run, archive: Path) -> None:
    """The very files that the artifact port serves, byte for byte, and no others."""
    path = f"/{run.instance_id}/simulation/"
    listed = server.files.get(path, headers={"Accept": "application/json"}).json()["entries"]
    served = {entry["name"]: server.files.get(path + entry["name"]).content for entry in listed}
    assert {file.name: file.read_bytes() for file in archive.iterdir()} == served
    assert len(served) == 2 + 2 * len(FILMED)


@pytest.mark.parametrize("dialect", UPLOADS)
def test_the_score_is_what_anybody_can_compute(run: Run, dialect: str) -> None:
    """The best mean of a hundred episodes in a row, and how many went before the first that reaches the threshold."""
    means = [sum(run.returns[start : start + 100]) / 100 for start in range(EPISODES - 99)]
    made = run.evaluations[dialect]
    assert made["best_100_episode_mean"] == pytest.approx(max(means))
    assert made["episodes_to_solve"] == next(start for start, mean in enumerate(means) if mean >= run.reward_threshold)
    assert 0 < made["episodes_to_solve"] <= LEARNT_AFTER
    assert (made["episodes"], made["steps"]) == (EPISODES, sum(episode.length for episode in run.played))
    assert [point["mean_return"] for point in made["learning_curve"]] == run.returns
    assert [video["episode_id"] for video in made["videos"]] == FILMED
    assert (made["env_id"], made["instance_id"], made["forwarded"]) == (run.env_id, run.instance_id, None)


def test_the_films_of_an_evaluation_are_served_in_parts(server: Server, run: Run) -> None:
    """So that a browser can seek in them."""
    for video in run.evaluations["v2"]["videos"]:
        answer = server.files.get(video["path"], headers={"Range": "bytes=4-7"})
        assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (206, "video/mp4", b"ftyp")


def test_the_best_come_first_on_the_scoreboard(server: Server, run: Run) -> None:
    """One that lets the pole fall in every episode is below; one of too few episodes for a mean is last."""
    for episodes, algorithm_id in ((3, "too short"), (100, "always right")):
        worse = server.http.post("/v2/envs", json={"env_id": run.env_id}).json()["instance_id"]
        server.http.post(f"/v2/envs/{worse}/monitor/start")
        asyncio.run(fall(server, worse, episodes))
        fields = {"algorithm_id": algorithm_id, "api_key": "x", "ignore_open_monitors": True}
        assert server.http.post(f"/v2/envs/{worse}/upload", json=fields).status_code == 201
    ranked = board(server, env_id=run.env_id)
    assert [made["algorithm_id"] for made in ranked[-2:]] == ["always right", "too short"]
    assert {made["algorithm_id"] for made in ranked[:-2]} == {f"{dialect} {run.env_id}" for dialect in UPLOADS}
    (one,) = board(server, env_id=run.env_id, algorithm_id="too short")
    assert one["best_100_episode_mean"] is None
    assert server.http.get(f"/v2/scoreboard/{one['evaluation_id']}").json() == one


async def fall(server: Server, instance_id: str, episodes: int) -> None:
    """So many short episodes."""
    async with player(server, instance_id) as plays:
        for _ in range(episodes):
            await plays.play(always_right, await plays.reset())


def test_the_statistics_say_the_same(server: Server, run: Run) -> None:
    """They are counted outside the worker, whether a monitor records or not."""
    told = server.http.get(f"/v2/envs/{run.instance_id}/statistics").json()
    assert (told["episodes"], told["steps"]) == (EPISODES, sum(episode.length for episode in run.played))
    assert list(map(Played._make, zip(told["lengths"], told["returns"], strict=True))) == run.played
    assert told["return"]["best_100_mean"] == run.evaluations["v2"]["best_100_episode_mean"]
