"""What a server must answer so that the old clients work unmodified: the last nine of twenty points."""

from typing import Any

import pytest

from tests.server import Server, running_server
from tests.transcripts.caller import Caller
from tests.transcripts.shapes import (
    CARTPOLE_HIGH,
    CARTPOLE_LOW,
    CREATED,
    HTML,
    IS_MEMBER,
    IS_NO_MEMBER,
    LISTED,
    NOTHING,
    Complains,
    Says,
    check,
    resolved,
    stepped,
)

MISSING = "A required request parameter '{}' was not provided"
UNKNOWN = "Instance_id 00000000 unknown"
NOBODY = "/v1/envs/00000000"


def test_creation_says_strings_and_nothing_else(caller: Caller) -> None:
    """Point 12: status 200; Swift casts every value of it to a string."""
    CREATED.check(caller.post("/v1/envs/", {"env_id": "CartPole-v0", "seed": 0}))
    resolved("FrozenLake-v1").check(caller.post("/v1/envs/", {"env_id": "FrozenLake-v0"}))


def test_the_list_has_all_instances_as_strings(server: Server, caller: Caller, cartpole: str) -> None:
    """Point 12: under `all_envs`, whichever dialect created them."""
    seeds = server.create("CartPole-v1")
    v2s = server.http.post("/v2/envs", json={"env_id": "Acrobot-v1"}).json()["instance_id"]
    answer = caller.get("/v1/envs/")
    LISTED.check(answer)
    found = answer.json["all_envs"]
    assert {found[seeds], found[v2s], found[cartpole.rpartition("/")[2]]} == {
        "CartPole-v1",
        "Acrobot-v1",
        "CartPole-v0",
    }


def test_a_closed_instance_is_not_in_the_list(caller: Caller) -> None:
    """Point 19: and one whose monitor was closed is."""
    instance = caller.create("CartPole-v0")
    NOTHING.check(caller.post(f"{instance}/monitor/start/", {"directory": "tmp", "force": True}))
    NOTHING.check(caller.post(f"{instance}/monitor/close/"))
    assert instance.rpartition("/")[2] in caller.get("/v1/envs/").json["all_envs"]
    caller.play(instance)
    NOTHING.check(caller.post(f"{instance}/close/"))
    assert instance.rpartition("/")[2] not in caller.get("/v1/envs/").json["all_envs"]
    Complains("Instance_id").check(caller.post(f"{instance}/reset/"))


def test_nothing_is_said_as_html(caller: Caller, cartpole: str) -> None:
    """Point 13: 204, empty, and the type that Haskell insists on; no length, as there can be no body."""
    caller.play(cartpole)
    for path, fields in (
        (f"{cartpole}/monitor/start/", {"directory": "silence"}),
        (f"{cartpole}/monitor/close/", None),
        (f"{cartpole}/monitor/stop/", None),
        (f"{cartpole}/close/", None),
    ):
        answer = caller.post(path, fields)
        assert (answer.status, answer.content_type, answer.body) == (204, HTML, b"")


@pytest.mark.parametrize(
    ("env_id", "observation", "info"),
    [
        ("FrozenLake-v0", int, {"prob": float}),
        ("CartPole-v0", [float] * 4, {}),
        ("Blackjack-v1", [int] * 3, {}),
        ("odd/Booleans-v0", [1, [1, 0], [0, 1]], {}),
        ("Pong-v0", [[[int] * 3] * 160] * 210, {"lives": int, "episode_frame_number": int, "frame_number": int}),
    ],
)
def test_an_observation_has_the_kinds_that_typed_clients_read(
    caller: Caller, env_id: str, observation: Any, info: Any
) -> None:
    """Point 14: a number, or lists of numbers, nested as pictures are; a boolean in one is 0 or 1; a reward is 1.0."""
    instance = caller.create(env_id)
    Says({"observation": observation}).check(caller.post(f"{instance}/reset/"))
    stepped(observation, info).check(caller.post(f"{instance}/step/", {"action": 0}))
    caller.post(f"{instance}/close/")


def test_done_says_why(caller: Caller) -> None:
    """Point 14: `done` is the "or" of its two newer neighbours."""
    instance = caller.create("odd/Booleans-v0")
    caller.post(f"{instance}/reset/")
    step = caller.post(f"{instance}/step/", {"action": 0}).json
    assert (step["done"], step["terminated"], step["truncated"]) == (True, True, False)


LEVERS = {"type": "MultiDiscrete", "nvec": [2, 3], "start": [0, 0], "dtype": "int64"}
AT = {"type": "Box", "shape": [2], "dtype": "float32", "low": -1.0, "high": 1.0}
PARTS = {"type": "Dict", "spaces": {"at": AT, "lit": {"type": "MultiBinary", "n": 3}}}


@pytest.mark.parametrize(
    ("env_id", "space", "info"),
    [
        ("CartPole-v0", "action", {"name": "Discrete", "n": 2}),
        ("CartPole-v0", "observation", {"name": "Box", "shape": [4], "low": CARTPOLE_LOW, "high": CARTPOLE_HIGH}),
        ("Pendulum-v1", "action", {"name": "Box", "shape": [1], "low": [-2.0], "high": [2.0]}),
        ("odd/Levers-v0", "action", {"name": "MultiDiscrete", "description": LEVERS}),
        ("odd/Parts-v0", "observation", {"name": "Dict", "description": PARTS}),
    ],
)
def test_a_space_is_described_as_it_was(caller: Caller, env_id: str, space: str, info: Any) -> None:
    """Point 15: flat bounds, 1e100 for infinity; of a space that was not known then, nothing under a name of then."""
    instance = caller.create(env_id)
    Says({"info": info}).check(caller.get(f"{instance}/{space}_space/"))
    caller.post(f"{instance}/close/")


def test_a_picture_has_flat_bounds(caller: Caller) -> None:
    """Point 15: as many as it has numbers."""
    instance = caller.create("Pong-v0")
    described = caller.get(f"{instance}/observation_space/").json["info"]
    assert described == {"name": "Box", "shape": [210, 160, 3], "low": [0.0] * 100_800, "high": [255.0] * 100_800}
    caller.post(f"{instance}/close/")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"name": "Box", "shape": [4]}, IS_MEMBER),
        ({"name": "Box", "low": CARTPOLE_LOW, "high": CARTPOLE_HIGH}, IS_MEMBER),
        ({}, IS_MEMBER),
        ({"name": "Discrete"}, IS_NO_MEMBER),
        ({"name": "Box", "shape": [5]}, IS_NO_MEMBER),
        ({"colour": "red"}, IS_NO_MEMBER),
        ({"n": None}, IS_NO_MEMBER),
    ],
)
def test_what_a_client_thinks_of_a_space_is_compared(caller: Caller, cartpole: str, said: Any, expected: Says) -> None:
    """Point 16: member by member; one that the description lacks is no longer the server's failure."""
    expected.check(caller.post(f"{cartpole}/observation_space/contains", said))


@pytest.mark.parametrize(
    ("path", "fields", "text"),
    [
        ("/v1/envs/", {}, MISSING.format("env_id")),
        ("/v1/envs/", {"env_id": ""}, MISSING.format("env_id")),
        ("/v1/envs/", {"env_id": "bad string"}, "Attempted to look up malformed environment ID 'bad string'"),
        ("/v1/envs/", {"env_id": "NoSuchThing-v0"}, "NoSuchThing"),
        (f"{NOBODY}/reset/", None, UNKNOWN),
        (f"{NOBODY}/step/", {"action": 0}, UNKNOWN),
        (f"{NOBODY}/step/", {}, MISSING.format("action")),
        (f"{NOBODY}/monitor/start/", {"directory": "tmp"}, UNKNOWN),
        (f"{NOBODY}/monitor/close/", None, UNKNOWN),
        (f"{NOBODY}/close/", None, UNKNOWN),
        ("/v1/upload/", {"api_key": "k"}, MISSING.format("training_dir")),
        ("/v1/upload/", {"training_dir": "t"}, MISSING.format("api_key")),
    ],
)
def test_a_mistake_is_400_and_says_which(caller: Caller, path: str, fields: Any, text: str) -> None:
    """Point 17: in JSON, under `message`; what is missing is named before what is unknown."""
    Complains(text).check(caller.post(path, fields))


def test_what_one_instance_lacks_is_named(caller: Caller, cartpole: str) -> None:
    """Point 17: a directory, an action, another action."""
    Complains(MISSING.format("directory")).check(caller.post(f"{cartpole}/monitor/start/", {"force": True}))
    Complains(MISSING.format("directory")).check(caller.post(f"{cartpole}/monitor/start/", {"directory": ""}))
    Complains("Invalid Action").check(caller.post(f"{cartpole}/step/", {"action": 2}))


def test_closing_twice_is_a_mistake(caller: Caller) -> None:
    """Point 17: the second time, nobody knows the instance."""
    instance = caller.create("CartPole-v0")
    NOTHING.check(caller.post(f"{instance}/close/"))
    Complains(f"Instance_id {instance.rpartition('/')[2]} unknown").check(caller.post(f"{instance}/close/"))


def test_no_success_speaks_under_message(caller: Caller, cartpole: str) -> None:
    """Point 17: a text there is an error to Go, at any status."""
    answers = [caller.get(path) for path in ("/v1/envs/", f"{cartpole}/action_space/", f"{cartpole}/info", "/v1/help")]
    answers += [caller.post(f"{cartpole}/reset/"), caller.post(f"{cartpole}/step/", {"action": 0})]
    assert all(answer.status == 200 and "message" not in answer.json for answer in answers)


def test_the_seeds_info_of_any_other_instance_is_json(server: Server, caller: Caller, cartpole: str) -> None:
    """Bare infinities are for the seed's own clients; for all others they are what they are in the spaces."""
    own = server.http.get(f"/v1/envs/{server.create('CartPole-v1')}/info").text
    assert "-Infinity" in own
    sees = {"low": [-4.8, -1e100, -0.41887903, -1e100], "high": [4.8, 1e100, 0.41887903, 1e100], "shape": [4]}
    Says({"action_space": "Discrete(2)", "observation_space": sees}).check(caller.get(f"{cartpole}/info"))


@pytest.mark.parametrize("path", ["/v1/shutdown", "/v1/shutdown/"])
def test_a_server_ends_only_where_it_may(caller: Caller, path: str) -> None:
    """Point 20: 403 and why, and everything goes on."""
    refused = caller.post(path)
    assert refused.status == 403
    check(refused.json, {"message": str, "error": str})
    CREATED.check(caller.post("/v1/envs/", {"env_id": "CartPole-v0"}))


@pytest.mark.parametrize("path", ["/v1/shutdown", "/v1/shutdown/"])
def test_a_server_that_may_end_says_so_first(tmp_path: Any, path: str) -> None:
    """Point 20: 200 and a text, typed as Haskell reads it; then the process ends as it should, with its workers."""
    with running_server(tmp_path, "--allow-shutdown") as server, Caller(server.url) as caller:
        caller.play(caller.create("CartPole-v0"))
        answer = caller.ask(caller.request("POST", path, b""))
        assert (answer.status, answer.content_type, answer.body) == (200, HTML, b"Server shutting down")
        assert server.process.wait(20) == 0
