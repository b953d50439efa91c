"""Statistics: of every instance, recorded or not, through crashes and restarts, whatever its rewards are."""

import math
import random
import signal
from typing import Any

import pytest

from gateway.statistics import Statistics
from protocol.messages import Observed, Stepped, Transition
from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server

OBSERVED = Observed(b"0", b"{}")


def stepped(reward: float, *, ended: bool = False) -> Stepped:
    """The reply to a step."""
    return Stepped((Transition(b"0", reward, terminated=ended, truncated=False, info=b"{}"),))


def of_episodes(*returns: float) -> dict[str, Any]:
    """The statistics of episodes of one step each."""
    statistics = Statistics()
    for total_reward in returns:
        statistics.saw(OBSERVED)
        statistics.saw(stepped(total_reward, ended=True))
    return statistics.document()


def test_they_are_counted_without_a_monitor(server: Server) -> None:
    """Returns and lengths of whole episodes, all steps, and how long each kind of command took."""
    instance = RecordedInstance(server, "CartPole-v1")
    lengths = [instance.play(seed) for seed in range(3)]
    instance.reset()
    instance.step(1, 1)
    told = instance.get("statistics")
    assert (told["episodes"], told["steps"]) == (3, sum(lengths) + 2)
    assert (told["lengths"], told["returns"]) == (lengths, [float(length) for length in lengths])
    spread = {"mean": pytest.approx(sum(lengths) / 3), "min": min(lengths), "max": max(lengths)}
    assert told["length"] == spread
    assert told["return"] == spread | {"best_100_mean": None}
    assert set(told["latency_s"]) == {"reset", "step"}
    assert all(0 < figures["p50"] <= figures["p99"] for figures in told["latency_s"].values())
    document = server.document(instance.instance_id)
    assert (document["episodes"], document["steps"]) == (3, sum(lengths) + 2)


@pytest.mark.parametrize("on_crash", ["fail", "restart"])
def test_a_crash_loses_nothing(server: Server, on_crash: str) -> None:
    """They are told by a crashed instance, and go on where they were if it starts again."""
    instance = RecordedInstance(server, "test/KillsItself-v0", on_crash=on_crash, max_episode_steps=5)
    instance.reset()
    instance.step(0, 0, 0, 0, 0)
    instance.reset()
    instance.step(0, 0, 0)
    assert instance.post("step", action=1).json()["crash"]["signal"] == signal.SIGKILL
    told = instance.get("statistics")
    assert (told["episodes"], told["steps"], told["lengths"]) == (1, 8, [5])
    if on_crash == "restart":
        instance.reset()
        instance.step(0, 0, 0, 0, 0)
        assert instance.get("statistics")["lengths"] == [5, 5]


def test_steps_beyond_an_end_are_no_episodes(server: Server) -> None:
    """A client of 2016 may go on; the environment says "done" again and again, and has ended once."""
    instance = server.create("CartPole-v1")
    one = f"/v1/envs/{instance}/step/"
    server.reset(instance)
    lengths = [1]
    while not server.http.post(one, json={"action": 1}).json()["done"]:
        lengths[0] += 1
    for _ in range(5):
        assert server.http.post(one, json={"action": 1}).json()["done"]
    server.reset(instance)
    lengths.append(1)
    while not server.http.post(one, json={"action": 0}).json()["done"]:
        lengths[1] += 1
    told = server.http.get(f"/v2/envs/{instance}/statistics").json()
    assert (told["episodes"], told["lengths"], told["steps"]) == (2, lengths, sum(lengths) + 5)


def test_an_episode_without_an_end_is_not_counted() -> None:
    """A reset cut it short; its steps count all the same."""
    statistics = Statistics()
    for _ in range(2):
        statistics.saw(OBSERVED)
        statistics.saw(stepped(1.0))
    statistics.saw(stepped(1.0, ended=True))
    told = statistics.document()
    assert (told["episodes"], told["steps"], told["returns"], told["lengths"]) == (1, 3, [2.0], [2])


def test_the_last_thousand_are_kept() -> None:
    """The best mean of a hundred is that of all, however long ago."""
    told = of_episodes(*[100.0] * 100, *[float(number) for number in range(1100)], *[0.0] * 500)
    assert told["episodes"] == 1700
    assert told["returns"] == [float(number) for number in range(600, 1100)] + [0.0] * 500
    assert told["return"]["best_100_mean"] == pytest.approx(sum(range(1000, 1100)) / 100)


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf, 1.7e308, -1.7e308])
def test_rewards_may_be_anything(wild: float) -> None:
    """Means that do not exist are no errors, and windows that have none do not spoil the others."""
    told = of_episodes(*[1.0] * 100, wild, -wild, wild, *[2.0] * 100)
    assert told["episodes"] == 203
    assert told["return"]["best_100_mean"] >= 2.0
    assert of_episodes(math.inf, -math.inf)["return"]["max"] == math.inf


def test_returns_that_are_not_finite_are_null_in_json(server: Server) -> None:
    """The document stays strict JSON."""
    instance = RecordedInstance(server, "test/ReturnsNaN-v0", max_episode_steps=1)
    instance.reset()
    instance.step(0)
    assert instance.get("statistics")["returns"] == [None]


def test_steps_of_several_instances_at_once_are_counted_for_each(server: Server) -> None:
    """As those of single requests are."""
    instances = [RecordedInstance(server, "CartPole-v1") for _ in range(3)]
    ids = [instance.instance_id for instance in instances]
    assert server.http.post("/v2/reset", json={"instance_ids": ids, "seeds": [0, 1, 2]}).status_code == 200
    random_actions = random.Random(0)
    for _ in range(5):
        actions = [random_actions.randrange(2) for _ in ids]
        assert server.http.post("/v2/step", json={"instance_ids": ids, "actions": actions}).json()["errors"] == {}
    assert [instance.get("statistics")["steps"] for instance in instances] == [5, 5, 5]
