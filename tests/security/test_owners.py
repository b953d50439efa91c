"""With several tokens an instance is its maker's: for the others there is none, on either port and on sockets."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.security.holders import Guarded, bearer, guarded_server

NEVER = "00000000"


@pytest.fixture(scope="module")
def instance_id(guarded: Guarded) -> str:
    """Alice's."""
    return guarded.created("alice", labels={"of": "alice"})


def spoken(reply: httpx.Response, instance_id: str) -> tuple[int, str]:
    """What an answer says, but for the id."""
    return reply.status_code, reply.text.replace(instance_id, "<id>")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/envs/{}"), ("DELETE", "/v2/envs/{}"), ("POST", "/v2/envs/{}/kill"), ("POST", "/v2/envs/{}/step"),
        ("POST", "/v2/envs/{}/reset"), ("GET", "/v2/envs/{}/render"), ("GET", "/v2/envs/{}/logs"),
        ("GET", "/v2/envs/{}/stack"), ("GET", "/v2/envs/{}/statistics"), ("POST", "/v2/envs/{}/upload"),
        ("POST", "/v2/envs/{}/monitor/start"), ("POST", "/v1/envs/{}/step/"), ("GET", "/v1/envs/{}/info"),
        ("POST", "/v1/envs/{}/close/"), ("GET", "/dashboard/pictures/{}"),
    ],
)  # fmt: skip
def test_anothers_instance_is_as_one_that_never_was(guarded: Guarded, instance_id: str, method: str, path: str) -> None:
    """The same status and the same words, so that guessing an id teaches nothing; and nothing happens to it."""
    bob = guarded.api["bob"]
    body = {"action": 0} if path.rstrip("/").endswith("step") else None
    others = bob.request(method, path.format(instance_id), json=body)
    assert spoken(others, instance_id) == spoken(bob.request(method, path.format(NEVER), json=body), NEVER)
    assert others.status_code == (400 if path.startswith("/v1") and others.status_code != 404 else 404)
    assert guarded.api["alice"].get(f"/v2/envs/{instance_id}").json()["state"] == "ready"


def test_its_artifacts_are_hidden_too(guarded: Guarded, instance_id: str) -> None:
    """Pictures, listings, live views; the index of all instances leaves it out."""
    bob, alice = guarded.files["bob"], guarded.files["alice"]
    for path in ("/{}", "/{}/", "/{}/rendered/", "/{}/rendered/1.png", "/{}/live", "/{}/status", "/{}/logs/"):
        others = bob.get(path.format(instance_id))
        assert spoken(others, instance_id) == spoken(bob.get(path.format(NEVER)), NEVER)
        assert others.status_code == 404
    assert alice.get(f"/{instance_id}/rendered/1.png").content.startswith(b"\x89PNG")
    for files, listed in ((alice, True), (bob, False), (guarded.files["root"], True), (guarded.files["watcher"], True)):
        found = files.get("/", headers={"Accept": "application/json"}).json()
        assert (instance_id in [each["instance_id"] for each in found["instances"]]) is listed
        assert (instance_id in files.get("/").text) is listed


def test_listings_hold_ones_own(guarded: Guarded, instance_id: str) -> None:
    """In both APIs; an admin's hold everybody's."""
    for name, listed in (("alice", True), ("bob", False), ("root", True)):
        api = guarded.api[name]
        assert (instance_id in api.get("/v1/envs").json()["all_envs"]) is listed
        assert (instance_id in [each["instance_id"] for each in api.get("/v2/envs").json()["envs"]]) is listed
    reply = guarded.api["bob"].post("/v2/step", json={"instance_ids": [instance_id], "actions": [0]})
    assert reply.json()["errors"]["0"]["code"] == "unknown_instance"


async def test_the_dashboard_shows_what_its_viewer_may_see(guarded: Guarded, instance_id: str) -> None:
    """At the same time to each another list, and everything to an observer."""
    url = guarded.server.url.replace("http", "ws") + "/dashboard/feed"
    async with asyncio.timeout(60), contextlib.AsyncExitStack() as stack:
        for name, is_shown in (("alice", True), ("bob", False), ("watcher", True), ("alice", True)):
            feed = await stack.enter_async_context(connect(url, additional_headers=bearer(name)))
            assert (instance_id in str(await feed.recv())) is is_shown


def test_the_one_environment_of_the_first_api_is_nobodys(guarded: Guarded) -> None:
    """All who drive share it, as its operator wanted; it is in no listing but an admin's, and observers only read."""
    assert guarded.api["alice"].get("/reset").status_code == 200
    assert guarded.api["bob"].get("/step/1").status_code == 200
    assert guarded.api["watcher"].get("/step/1").status_code == 403
    assert "CartPole-v1" not in guarded.api["bob"].get("/v1/envs").json()["all_envs"].values()
    assert "CartPole-v1" in guarded.api["root"].get("/v1/envs").json()["all_envs"].values()


def test_names_that_clients_choose_are_apart(guarded: Guarded) -> None:
    """An Idempotency-Key gives back one's own instance, never another's."""
    made: dict[str, set[str]] = {}
    for name in ("alice", "bob"):
        key = {"Idempotency-Key": "the same"}
        for _ in range(2):
            reply = guarded.api[name].post("/v2/envs", json={"env_id": "CartPole-v1"}, headers=key)
            made.setdefault(name, set()).add(reply.json()["instance_id"])
    assert all(len(ids) == 1 for ids in made.values())
    assert not made["alice"] & made["bob"]
    guarded.close_all("bob")


def test_a_closed_one_stays_its_makers(guarded: Guarded) -> None:
    """Gone for its maker, unknown to the others; its artifacts, too."""
    instance_id = guarded.created("alice")
    assert guarded.api["alice"].delete(f"/v2/envs/{instance_id}").status_code == 204
    assert guarded.api["alice"].get(f"/v2/envs/{instance_id}").status_code == 410
    assert guarded.api["bob"].get(f"/v2/envs/{instance_id}").status_code == 404
    assert guarded.api["bob"].delete(f"/v2/envs/{instance_id}").status_code == 404
    assert guarded.files["alice"].get(f"/{instance_id}/rendered/1.png").status_code == 200
    assert guarded.files["bob"].get(f"/{instance_id}/rendered/1.png").status_code == 404


async def asked(socket: ClientConnection, **message: Any) -> Any:
    await socket.send(json.dumps({"id": 1} | message))
    return json.loads(await socket.recv())


async def test_a_socket_knows_its_holders_instances(guarded: Guarded, instance_id: str) -> None:
    """And a lease of the same name is another one; sockets have a quota."""
    url = guarded.server.url.replace("http", "ws") + "/v2/ws?lease=shared&lease_grace_s=0"
    async with asyncio.timeout(60), connect(url, additional_headers=bearer("alice")) as alice:
        assert (await asked(alice, op="describe", instance_id=instance_id))["status"] == 200
        leased = (await asked(alice, op="create", env_id="CartPole-v1"))["body"]["instance_id"]
        async with connect(url, additional_headers=bearer("bob")) as bob:
            for op in ({"op": "describe"}, {"op": "step", "action": 0}, {"op": "close"}, {"op": "kill"}):
                told = await asked(bob, instance_id=leased, **op)
                assert told["problem"]["code"] == "unknown_instance"
            assert (await asked(bob, op="create", env_id="CartPole-v1"))["status"] == 201
            reply = guarded.api["bob"].get("/v2/ws")
            assert (reply.status_code, reply.json()["code"]) == (429, "limit_reached")
        assert (await asked(alice, op="describe", instance_id=leased))["status"] == 200
    assert guarded.api["bob"].get("/v2/ws").status_code == 400  # there is room, and this is no socket


def test_owners_outlive_the_server(tmp_path: Path) -> None:
    """What was left behind is still its maker's."""
    with guarded_server(tmp_path) as first:
        instance_id = first.created("alice")
    with guarded_server(tmp_path) as second:
        path = f"/{instance_id}/rendered/1.png"
        while second.files["alice"].get(path).status_code == 404:  # until the folders have been looked through
            pass
        assert second.files["alice"].get(path).status_code == 200
        assert second.files["bob"].get(path).status_code == 404
