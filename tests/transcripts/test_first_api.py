"""The first gym-server's first API, of May 2016: one environment that the operator named, and nothing but GET."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server import Server, running_server
from tests.transcripts.caller import Caller
from tests.transcripts.shapes import Complains, Says, check


@pytest.fixture(scope="module")
def cartpole_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose one environment is a CartPole."""
    with running_server(tmp_path_factory.mktemp("first"), "--env", "CartPole-v0") as running:
        yield running


@pytest.fixture
def first(cartpole_server: Server) -> Iterator[Caller]:
    """A connection to it; the environment is yet to be made."""
    with Caller(cartpole_server.url) as caller:
        for instance in caller.get("/v1/envs/").json["all_envs"]:
            caller.post(f"/v1/envs/{instance}/close/")
        yield caller


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (("--env", "CartPole-v0"), {}),
        ((), {"GYM_ENV": "CartPole-v0"}),
        ((), {"GYM_SERVER_ENV": "CartPole-v0", "GYM_ENV": "Acrobot-v1"}),
    ],
)
def test_the_operator_names_the_environment(
    tmp_path: Path, flags: tuple[str, ...], environment: dict[str, str]
) -> None:
    """With a flag, or in the variable that scala-gym sets in its container."""
    with running_server(tmp_path, *flags, environment=environment) as server, Caller(server.url) as caller:
        Says({"observation": [float] * 4}).check(caller.get("/reset"))
        assert list(caller.get("/v1/envs/").json["all_envs"].values()) == ["CartPole-v0"]


def test_the_values_in_info_are_strings(tmp_path: Path) -> None:
    """scala-gym reads a map of strings; FrozenLake's probability becomes one. An id of the past will do."""
    with running_server(tmp_path, "--env", "FrozenLake-v0") as server, Caller(server.url) as caller:
        Says({"observation": 0}).check(caller.get("/reset"))
        Says({"observation": int, "reward": 0.0, "done": bool, "info": {"prob": str}}).check(caller.get("/step/0"))
        assert caller.get("/info").json["action_space"] == "Discrete(4)"


def test_an_episode_can_be_played(first: Caller) -> None:
    """To its end; the next reset begins another one, of the same instance."""
    for _ in range(2):
        first.get("/reset/")
        while not first.get("/step/1").json["done"]:
            pass
    assert len(first.get("/v1/envs/").json["all_envs"]) == 1


@pytest.mark.parametrize("action", ["2", "-1", "x", "0.5", "1e400", "NaN"])
def test_a_wrong_action_is_a_mistake(first: Caller, action: str) -> None:
    """In the words of 2016; the episode goes on."""
    first.get("/reset")
    Complains("Invalid Action").check(first.get(f"/step/{action}"))
    assert first.get("/step/0").status == 200


def test_a_step_before_the_first_reset_says_what_to_do(first: Caller) -> None:
    """Also where it is the request that makes the environment."""
    Complains("call reset first").check(first.get("/step/0"))


def test_what_was_closed_is_made_anew(first: Caller) -> None:
    """By whichever request comes next."""
    first.get("/reset")
    (instance,) = first.get("/v1/envs/").json["all_envs"]
    first.post(f"/v1/envs/{instance}/close/")
    assert first.get("/reset").status == 200
    assert instance not in first.get("/v1/envs/").json["all_envs"]


def test_requests_at_once_make_one_environment(first: Caller, cartpole_server: Server) -> None:
    """Whoever comes first makes it, the others wait."""
    with ExitStack() as stack:
        callers = [stack.enter_context(Caller(cartpole_server.url)) for _ in range(8)]
        for caller in callers:
            caller.send(caller.request("GET", "/reset"))
        assert [caller.receive().status for caller in callers] == [200] * 8
    assert len(first.get("/v1/envs/").json["all_envs"]) == 1


def test_what_crashed_is_restarted_by_the_next_reset(tmp_path: Path) -> None:
    """As often as it crashes: the step that lost it says so, the one after it asks for a reset."""
    flags = ("--import", "tests.envs", "--env", "test/KillsItself-v0")
    with running_server(tmp_path, *flags) as server, Caller(server.url) as caller:
        for _ in range(7):
            assert caller.get("/reset").status == 200
            assert caller.get("/step/0").status == 200
            lost = caller.get("/step/1")
            assert (lost.status, lost.json["crash"]["signal"]) == (502, 9)
            asked = caller.get("/step/0")
            assert (asked.status, "reset" in asked.json["message"]) == (400, True)
        assert len(caller.get("/v1/envs/").json["all_envs"]) == 1


def test_without_it_there_is_no_such_api(caller: Caller) -> None:
    """404, in JSON."""
    for path in ("/", "/reset", "/step/0", "/info"):
        answer = caller.get(path)
        assert answer.status == 404
        check(answer.json, {"message": str, "error": str})
