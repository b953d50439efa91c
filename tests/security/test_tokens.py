"""Nobody without a token is let in, on either port, over HTTP or on a socket; and whoever has one gets its role."""

import base64

import httpx
import pytest

from tests.gateway.by_hand import Connection
from tests.security.holders import STRANGER, TOKENS, Guarded, bearer

ROUTES = (
    ("GET", "/v1/help"), ("POST", "/v1/envs/create/"), ("GET", "/v1/envs"), ("GET", "/v2/envs"), ("POST", "/v2/envs"),
    ("POST", "/v2/envs/01234567/step"), ("GET", "/v2/registry"), ("GET", "/v2/scoreboard"), ("GET", "/v2/openapi.json"),
    ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/dashboard"), ("GET", "/v2/ws"), ("GET", "/no/such/route"),
    ("OPTIONS", "/v2/envs"), ("HEAD", "/v2/envs"),
)  # fmt: skip
FILES = ("/", "/01234567", "/01234567/rendered/1.png", "/01234567/live", "/render.html", "/no/such/route")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


WRONG = [
    {},
    bearer(STRANGER),
    {"Authorization": "Bearer"},
    bearer(TOKENS["alice"] + "x"),
    bearer(TOKENS["alice"][:-1]),
    basic("alice", STRANGER),
    {"Authorization": TOKENS["alice"]},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Digest username=alice"},
    {"Cookie": "gym-server-0=" + "A" * 43},
]


def from_address(address: str) -> httpx.Client:
    """A client at that address of this machine, so that what it does wrong is not held against others."""
    return httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=60)


@pytest.mark.parametrize("shown", WRONG, ids=str)
def test_without_a_token_nothing_is_told(guarded: Guarded, shown: dict[str, str]) -> None:
    """Whatever is asked, also for what is not there: 401, and which kinds of credentials there are."""
    api, files = guarded.server.url, guarded.server.artifacts_url
    with from_address(f"127.0.1.{WRONG.index(shown) + 1}") as stranger:
        for method, url in [(method, api + path) for method, path in ROUTES] + [
            ("GET", files + path) for path in FILES
        ]:
            reply = stranger.request(method, url, headers=shown)
            assert reply.status_code == 401, (url, reply.text)
            assert "Bearer" in reply.headers["WWW-Authenticate"]
            if method != "HEAD":
                told = reply.json()
                assert told.get("code") == "unauthorized" or told["message"] == told["error"]


@pytest.mark.parametrize(
    "shown",
    [
        bearer("alice"),
        {"Authorization": f"bearer  {TOKENS['alice']}"},
        basic("alice", TOKENS["alice"]),
        basic("", TOKENS["alice"]),
        basic(TOKENS["alice"], ""),
    ],
    ids=("Bearer", "bearer", "password", "password-alone", "user-alone"),
)
def test_a_token_is_shown_as_bearer_or_in_the_urls_user_part(guarded: Guarded, shown: dict[str, str]) -> None:
    """Which is HTTP Basic: for clients that know no headers."""
    assert httpx.get(f"{guarded.server.url}/v2/envs", headers=shown).status_code == 200
    assert httpx.get(f"{guarded.server.artifacts_url}/", headers=shown).status_code == 200


def test_a_token_in_the_query_is_none(guarded: Guarded) -> None:
    """URLs are stored in histories and logs."""
    for name in ("token", "access_token", "api_key"):
        url = f"{guarded.server.url}/v2/envs?{name}={TOKENS['alice']}"
        assert httpx.get(url).status_code == 401


def test_machines_learn_without_a_token_whether_the_server_lives(guarded: Guarded) -> None:
    """And nothing else; its pages' style is no secret, either."""
    for path in ("/healthz", "/readyz", "/pages/style.css", "/login"):
        assert httpx.get(guarded.server.url + path).status_code == 200
    assert httpx.get(f"{guarded.server.artifacts_url}/login").status_code == 200


@pytest.mark.parametrize("name", ["", STRANGER, "watcher"])
def test_a_socket_is_refused_before_it_is_one(guarded: Guarded, name: str) -> None:
    """The answer to the upgrade is an ordinary one."""
    headers = UPGRADE | (bearer(name) if name else {})
    with Connection(guarded.server.url) as connection:
        connection.request("GET", "/v2/ws", b"", **headers)
        status, told, _ = connection.response()
    assert status == (403 if name == "watcher" else 401)
    assert "upgrade" not in told


def test_a_socket_takes_a_token(guarded: Guarded) -> None:
    """In the same header as everything else."""
    with Connection(guarded.server.url) as connection:
        connection.request("GET", "/v2/ws", b"", **UPGRADE, **bearer("alice"))
        assert connection.response()[0] == 101


def test_an_observer_reads_everything_and_changes_nothing(guarded: Guarded) -> None:
    """403 for what drives, made it or not; the listing has everybody's instances."""
    instance_id = guarded.created("alice")
    api, files = guarded.api["watcher"], guarded.files["watcher"]
    one = f"/v2/envs/{instance_id}"
    for path in ("/v2/envs", one, f"{one}/statistics", f"{one}/logs", f"{one}/render", "/v2/scoreboard", "/v1/envs"):
        assert api.get(path).status_code == 200, path
    assert instance_id in api.get("/v1/envs").json()["all_envs"]
    assert files.get(f"/{instance_id}/rendered/1.png").status_code == 200
    for path in ("/v2/envs", f"{one}/step", f"{one}/reset", f"{one}/kill", "/v1/envs/create/", "/v1/shutdown/"):
        assert api.post(path, json={}).status_code == 403, path
    assert api.delete(one).status_code == 403
    assert api.get(f"/v1/envs/{instance_id}/action_space/sample").status_code == 403
    guarded.close_all("alice")


@pytest.mark.parametrize("name", ["alice", "watcher"])
def test_figures_of_all_are_for_admins(guarded: Guarded, name: str) -> None:
    """In every spelling of the path."""
    for path in ("/metrics", "/metrics/", "/%6detrics"):
        assert guarded.api[name].get(path).status_code in {403, 404}
    assert guarded.api["root"].get("/metrics").status_code == 200


def test_an_admin_kills_anybodys(guarded: Guarded) -> None:
    """And its owner is told so."""
    instance_id = guarded.created("alice")
    assert guarded.api["root"].post(f"/v2/envs/{instance_id}/kill").status_code == 200
    reply = guarded.api["alice"].post(f"/v2/envs/{instance_id}/step", json={"action": 0})
    assert reply.status_code == 410
    assert reply.json()["crash"]["cause"] == "killed"
    guarded.close_all("alice")


def test_wrong_tokens_are_not_tried_without_end(guarded: Guarded) -> None:
    """After a hundred of them at once, one a second is looked at of those that come from the same address."""
    url = f"{guarded.server.url}/v2/envs"
    with from_address("127.0.2.1") as guesser:
        guesses = [guesser.get(url, headers=bearer(f"{STRANGER}{number}")) for number in range(100)]
        assert guesses[0].status_code == 401
        while (reply := guesser.get(url, headers=bearer(STRANGER))).status_code == 401:
            pass
    assert reply.status_code == 429
    assert int(reply.headers["Retry-After"]) >= 1
    assert guarded.api["alice"].get("/v2/envs").status_code == 200
