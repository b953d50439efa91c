"""What a server must understand so that the old clients work unmodified: the first eleven of twenty points.

Points 5 to 7 are about connections, and stand in a file of their own.
"""

from pathlib import Path
from typing import Any

import pytest

from gateway.config import read_config
from tests.server import Server
from tests.transcripts.caller import NO_TYPE, Caller
from tests.transcripts.shapes import JSON, PENDULUM_SEEN, Complains, Says, check, stepped

EMPTY_BODIES = (None, b"", b"null", b"{}", b'""', b"[]")
TYPES = (NO_TYPE, JSON, "application/json;charset=utf-8", "application/x-www-form-urlencoded")
DIRECTORIES = (
    "/tmp/random-agent-results",  # noqa: S108 - what the examples say; nothing is written there
    "tmp", "/etc", "../../..", "~/x", "C:\\gym", "a\u0000b", "/ü/\N{SNOWMAN}", "x" * 4096,
)  # fmt: skip
ROUTES = (
    ("GET", "/v1/envs", None),
    ("GET", "/v1/help", None),
    ("GET", "{}/info", None),
    ("GET", "{}/action_space", None),
    ("GET", "{}/action_space/sample", None),
    ("GET", "{}/action_space/contains/1", None),
    ("GET", "{}/observation_space", None),
    ("POST", "{}/observation_space/contains", b'{"name": "Box"}'),
    ("POST", "{}/monitor/start", b'{"directory": "slashes", "force": true}'),
    ("POST", "{}/reset", None),
    ("POST", "{}/step", b'{"action": 0}'),
    ("POST", "{}/reset", None),
    ("POST", "{}/monitor/close", None),
    ("POST", "{}/monitor/stop", None),
    ("POST", "/v1/upload", b'{"training_dir": "slashes", "api_key": "k"}'),
    ("POST", "{}/close", None),
)


def test_the_clients_default_address_is_the_servers() -> None:
    """Point 1: port 5000 at the root, on the loopback of IPv4."""
    config = read_config([], {})
    assert (config.host, config.port) == ("127.0.0.1", 5000)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_half_of_the_clients_say_localhost(server: Server, host: str) -> None:
    """Point 1: the other half the number."""
    with Caller(server.url.replace("127.0.0.1", host)) as caller:
        assert caller.get("/v1/envs/").status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_works_with_and_without_its_slash(caller: Caller, slash: str) -> None:
    """Point 2: and none of them redirects."""
    answer = caller.ask(caller.request("POST", f"/v1/envs{slash}", b'{"env_id": "CartPole-v0"}'))
    instance = f"/v1/envs/{answer.json['instance_id']}"
    for method, path, body in ROUTES:
        answer = caller.ask(caller.request(method, path.format(instance) + slash, body))
        assert answer.status in {200, 204}, (path, answer)
        assert "location" not in answer.headers
    assert caller.ask(caller.request("POST", f"/v1/shutdown{slash}")).status == 403


@pytest.mark.parametrize("content_type", TYPES, ids=lambda content_type: content_type or "no type")
@pytest.mark.parametrize("body", EMPTY_BODIES, ids=repr)
def test_there_are_six_ways_to_say_nothing(
    caller: Caller, cartpole: str, body: bytes | None, content_type: str
) -> None:
    """Point 3: times four to say of which type it is."""
    for route, status in (("reset/", 200), ("monitor/close/", 204), ("monitor/stop/", 204), ("close/", 204)):
        assert caller.ask(caller.request("POST", f"{cartpole}/{route}", body, content_type)).status == status
    assert caller.ask(caller.request("POST", "/v1/shutdown/", body, content_type)).status == 403


def test_fields_that_mean_nothing_here_are_ignored(caller: Caller, cartpole: str) -> None:
    """Point 4: R and Julia repeat the id in a step, Lua and Clojure send fields of other routes."""
    fields = {"instance_id": "x", "video_callable": False, "video-callable": False, "render": True}
    assert caller.post(f"{cartpole}/step/", {"action": 0, **fields}).status == 200
    assert caller.post(f"{cartpole}/reset/", fields).status == 200


@pytest.mark.parametrize(
    ("schedule", "films"),
    [(True, 4), ("true", 4), (1, 4), (2, 2), (3, 2), (False, 0), ("false", 0), (0, 0), (-1, 0), (None, 2)],
)
def test_a_schedule_for_films_is_a_boolean_or_a_number(
    server: Server, caller: Caller, cartpole: str, schedule: Any, films: int
) -> None:
    """Point 4: every n-th episode; "false" is no text that is true; null is Gym's own schedule: 0, 1, 8, …"""
    caller.post(f"{cartpole}/monitor/start/", {"directory": "tmp", "video_callable": schedule})
    for _ in range(4):
        caller.play(cartpole)
    assert caller.post(f"{cartpole}/monitor/close/").status == 204
    assert len(list(_simulation(server, cartpole).glob("*.mp4"))) == films


@pytest.mark.parametrize("field", ["force", "resume"])
def test_booleans_may_be_strings(caller: Caller, cartpole: str, field: str) -> None:
    """Point 4: "true" is as good as true, "false" is as good as false."""
    start, close = f"{cartpole}/monitor/start/", f"{cartpole}/monitor/close/"
    assert caller.post(start, {"directory": "tmp", field: "false"}).status == 204
    assert caller.post(close).status == 204
    Complains("force").check(caller.post(start, {"directory": "tmp", field: "false"}))
    assert caller.post(start, {"directory": "tmp", field: "true"}).status == 204


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_beyond_all_bounds_is_the_callers_mistake(caller: Caller, cartpole: str, number: int) -> None:
    """Also where a number is welcome."""
    Complains("$.seed").check(caller.post("/v1/envs/", {"env_id": "CartPole-v0", "seed": number}))
    Complains("$.video_callable").check(
        caller.post(f"{cartpole}/monitor/start/", {"directory": "tmp", "video_callable": number})
    )


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_a_directory_is_a_name_and_no_place(server: Server, caller: Caller, cartpole: str, directory: str) -> None:
    """Point 8: it is accepted whatever it says, and the files are where those of all recordings are."""
    before = _tree(server.data_dir.parent)
    assert caller.post(f"{cartpole}/monitor/start/", {"directory": directory, "force": True}).status == 204
    new = _tree(server.data_dir.parent) - before
    assert new
    assert {path.parent for path in new} == {_simulation(server, cartpole)}


def test_a_directory_longer_than_any_is_refused(caller: Caller, cartpole: str) -> None:
    """Names are remembered, so they are bounded."""
    Complains("$.directory").check(caller.post(f"{cartpole}/monitor/start/", {"directory": "x" * 4097}))


def test_a_picture_with_every_step_is_one_picture(server: Server, caller: Caller, cartpole: str) -> None:
    """Point 9: `latest.png` alone, and no word of it in the answer."""
    for _ in range(50):
        reset = caller.post(f"{cartpole}/reset/", {"render": True})
        step = caller.post(f"{cartpole}/step/", {"action": 1, "render": True})
        assert "render" not in reset.json
        assert "render" not in step.json
    assert [path.name for path in (_simulation(server, cartpole).parent / "rendered").iterdir()] == ["latest.png"]


@pytest.mark.parametrize(
    ("env_id", "action", "observation"),
    [
        ("CartPole-v0", 0, [float] * 4),
        ("CartPole-v0", 1.0, [float] * 4),
        ("Pendulum-v0", 0, PENDULUM_SEEN),
        ("Pendulum-v0", 1.5, PENDULUM_SEEN),
        ("Pendulum-v0", [1.5], PENDULUM_SEEN),
        ("Pendulum-v0", [2], PENDULUM_SEEN),
        ("odd/Levers-v0", [1, 2], [float] * 2),
    ],
)
def test_an_action_is_a_number_or_a_list(caller: Caller, env_id: str, action: Any, observation: Any) -> None:
    """Point 10: 0 is one, and a bare number is one where a list of one number is meant."""
    instance = caller.create(env_id)
    caller.play(instance, steps=0)
    stepped(observation).check(caller.post(f"{instance}/step/", {"action": action}))
    caller.post(f"{instance}/close/")


@pytest.mark.parametrize("fields", [{}, {"action": None}, {"action": ""}, {"action": []}])
def test_an_empty_action_is_a_missing_one(caller: Caller, cartpole: str, fields: dict[str, Any]) -> None:
    """Point 10: and its name is in the error, for an instance that nobody knows as well."""
    missing = Complains("A required request parameter 'action' was not provided")
    missing.check(caller.post(f"{cartpole}/step/", fields))
    missing.check(caller.post("/v1/envs/00000000/step/", fields))


@pytest.mark.parametrize(("number", "is_one"), [("0", True), ("1", True), ("2", False), ("-1", False), ("1.5", False)])
def test_the_action_in_a_path_is_a_number(caller: Caller, cartpole: str, number: str, is_one: bool) -> None:
    """Point 10: `contains/<x>`."""
    Says({"member": is_one}).check(caller.get(f"{cartpole}/action_space/contains/{number}"))


@pytest.mark.parametrize("word", ["x", "NaN", "[0]", "0x1", "%00"])
def test_a_word_in_its_place_is_a_mistake(caller: Caller, cartpole: str, word: str) -> None:
    """Point 10: and no answer of another kind."""
    Complains("must be a number").check(caller.get(f"{cartpole}/action_space/contains/{word}"))


@pytest.mark.parametrize(
    ("env_id", "today"),
    [
        ("CartPole-v0", None),
        ("MountainCar-v0", None),
        ("FrozenLake-v0", "FrozenLake-v1"),
        ("Pendulum-v0", "Pendulum-v1"),
        ("Pong-v0", None),
        ("Breakout-v0", None),
        ("Skiing-v0", None),
    ],
)
def test_the_environments_of_the_examples_are_there(caller: Caller, env_id: str, today: str | None) -> None:
    """Point 11: the two that are gone as what they have become, and the answer says so."""
    answer = caller.post("/v1/envs/", {"env_id": env_id})
    check(answer.json, {"instance_id": str} | ({"resolved_environment": today} if today else {}))
    assert caller.get("/v1/envs/").json["all_envs"][answer.json["instance_id"]] == (today or env_id)
    assert caller.post(f"/v1/envs/{answer.json['instance_id']}/close/").status == 204


def _simulation(server: Server, instance: str) -> Path:
    return server.data_dir / instance.rpartition("/")[2] / "simulation"


def _tree(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}
