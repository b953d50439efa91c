"""`gym-server rollout`: random play through the API, which leaves nothing behind but what it drew."""

import json
import re
import signal

import httpx
import pytest

from tests.gateway.program import WAIT_S, run, running, told
from tests.server import Server


def live(server: Server) -> list[str]:
    """The ids of all instances."""
    return [each["instance_id"] for each in server.http.get("/v2/envs").json()["envs"]]


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1", "Blackjack-v1"])
def test_episodes_are_played_and_told(server: Server, env_id: str) -> None:
    """One line each, then all together; the instance is closed."""
    lines = told(server, "rollout", env_id, "--episodes", "3").splitlines()
    assert re.fullmatch(rf"{env_id}, instance [0-9a-f]{{8}}", lines[0])
    assert lines[1].split() == ["episode", "steps", "return", "steps/s"]
    assert [line.split()[0] for line in lines[2:5]] == ["0", "1", "2"]
    steps = sum(int(line.split()[1]) for line in lines[2:5])
    assert re.fullmatch(rf"{steps} steps in [0-9.]+ s, [0-9.]+ steps/s, mean return \S+", lines[5])
    assert live(server) == []


def test_a_seed_plays_the_same_again(server: Server) -> None:
    """Resets and actions; another one does not. 0 is a seed."""
    played = []
    for seed in ("0", "0", "1"):
        rollout = json.loads(told(server, "rollout", "CartPole-v1", "--episodes", "5", "--seed", seed, "--json"))
        played.append([(episode["steps"], episode["return"]) for episode in rollout["episodes"]])
        assert rollout["steps"] == sum(steps for steps, _ in played[-1])
    assert played[0] == played[1] != played[2]


def test_a_return_that_is_no_number_is_null(server: Server) -> None:
    """Scripts read strict JSON."""
    arguments = ("test/ReturnsNaN-v0", "--max-episode-steps", "3", "--json")
    rollout = json.loads(told(server, "rollout", *arguments), parse_constant=pytest.fail)
    assert (rollout["steps"], rollout["episodes"][0]["return"], rollout["mean_return"]) == (3, None, None)


def test_an_episode_without_an_end_gets_one(server: Server) -> None:
    """After so many steps, and it is said to be truncated."""
    played = json.loads(told(server, "rollout", "test/Well-v0", "--max-episode-steps", "500", "--json"))
    (episode,) = played["episodes"]
    assert (episode["steps"], episode["terminated"], episode["truncated"]) == (500, False, True)


def test_steps_are_drawn(server: Server) -> None:
    """A picture each, at the address that is told."""
    lines = told(server, "rollout", "CartPole-v1", "--render").splitlines()
    steps = int(lines[2].split()[1])
    folder = lines[-1].removeprefix("pictures: ")
    pictures = httpx.get(folder, headers={"Accept": "application/json"}).text
    assert f'"{steps}.png"' in pictures
    assert f'"{steps + 1}.png"' not in pictures
    assert httpx.get(f"{folder}{steps}.png").content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["CartPoll-v1"], "Did you mean 'CartPole-v1'"),
        (["test/RaisesInMake-v0"], "this environment cannot be made"),
        (["test/Raises-v0"], "a step of this environment always fails"),
        (["test/Exits-v0"], "the environment's process exited with code 3"),
        (["test/RaisesInRender-v0", "--render"], "this environment cannot be drawn"),
        (["CartPole-v1", "--seed", "-1"], "seed"),
        (["CartPole-v1", "--render", "ansi"], "render_mode"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_goes_wrong_is_told_and_leaves_nothing(server: Server, arguments: list[str], why: str) -> None:
    """Code 1, the reason on stderr, and no instance."""
    done = run(server, "rollout", *arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert 'Traceback (most recent call last):\n  File "/' not in done.stderr.replace("envs.py", "")
    assert live(server) == []


def test_a_ctrl_c_ends_an_environment_that_hangs(server: Server) -> None:
    """Its process and its instance are gone, and 130 is told."""
    with running(server, "rollout", "test/HangsInPython-v0") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        while not [each for each in server.http.get("/v2/envs").json()["envs"] if each["state"] == "busy"]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
        assert process.wait(WAIT_S) == 128 + signal.SIGINT
    assert live(server) == []
