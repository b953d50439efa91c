"""A page of somebody else in a browser may neither ask this server nor read from it, and cannot pretend to be ours."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gateway.by_hand import Connection
from tests.security.holders import TOKENS, Guarded
from tests.server import Server, running_server

FRIEND = "https://friend.example"
NAME = "gym.example.org"
FOREIGN = ("http://evil.example", "null", "http://localhost:1", "https://127.0.0.1", "http://friend.example", "file://")
JSON = {"Content-Type": "application/json"}
CREATE = {"env_id": "CartPole-v1"}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without tokens, as on a laptop; one other origin is allowed, and one other name; it has the first API, too."""
    flags = ("--cors-origin", FRIEND, "--allow-host", NAME, "--allow-host", "*.example.net", "--env", "CartPole-v1")
    with running_server(tmp_path_factory.mktemp("server"), *flags) as running:
        yield running


def instances(server: Server) -> int:
    return len(server.http.get("/v2/envs").json()["envs"])


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_a_page_of_another_origin_posts_nothing(server: Server, origin: str, content_type: str) -> None:
    """Neither with a script nor with a form, whatever type it claims; and it may not read the refusal."""
    before = instances(server)
    for path, body in (
        ("/v1/envs/create/", b'{"environment": "CartPole-v1"}'),
        ("/v2/envs", b'{"env_id": "CartPole-v1"}'),
    ):
        headers = {"Origin": origin} | ({"Content-Type": content_type} if content_type else {})
        reply = server.http.post(path, content=body, headers=headers)
        assert reply.status_code == 403
        assert "--cors-origin" in reply.text
        assert "Access-Control-Allow-Origin" not in reply.headers
    assert instances(server) == before


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_reads_nothing(server: Server, origin: str) -> None:
    """On either port, and is told at its preflight that it may not ask."""
    for client, path in ((server.http, "/v2/envs"), (server.files, "/"), (server.http, "/metrics")):
        assert client.get(path, headers={"Origin": origin}).status_code == 403
        asked = client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert asked.status_code == 403
        assert not [name for name in asked.headers if name.startswith("access-control-allow")]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_opens_no_socket(server: Server, origin: str) -> None:
    """The upgrade is refused, since sockets know no same-origin rule of their own."""
    for path in ("/v2/ws", "/dashboard/feed"):
        with Connection(server.url) as connection:
            connection.request("GET", path, b"", **UPGRADE, Origin=origin)
            assert connection.response()[0] == 403


def test_what_only_a_browser_says_is_believed(server: Server) -> None:
    """A form or a picture of another site has no Origin in some browsers, but says that it is cross-site."""
    cross = {"Sec-Fetch-Site": "cross-site"}
    form = cross | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.http.post("/v2/envs", json=CREATE, headers=form).status_code == 403
    assert server.files.get("/", headers=cross | {"Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert server.files.get("/", headers=form | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert server.files.get("/", headers=form).status_code == 200  # somebody has followed a link
    for path in ("/reset", "/step/1"):
        assert server.http.get(path, headers=form).status_code == 403  # where following it would do something
        assert server.http.get(path, headers=form | {"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert server.http.get("/reset").status_code == 200


def test_our_own_pages_may_ask(server: Server) -> None:
    """Those of the same port, and those of the other one, which may also read the answer."""
    port = urlsplit(server.artifacts_url).port
    for origin in (server.url, server.artifacts_url):
        assert server.http.post("/v2/step", json={}, headers={"Origin": origin}).status_code == 422
        told = server.http.get("/v2/envs", headers={"Origin": origin}).headers
        assert told["Access-Control-Allow-Origin"] == origin
    by_name = {"Host": f"localhost:{urlsplit(server.url).port}", "Origin": f"http://localhost:{port}"}
    assert server.http.get("/v2/envs", headers=by_name).status_code == 200
    assert server.http.get("/v2/envs", headers=by_name | {"Origin": f"http://127.0.0.1:{port}"}).status_code == 403


def test_an_origin_that_was_named_may_ask(server: Server) -> None:
    """With its own token if one is asked for, never with the cookies of who looks at it."""
    asked = server.http.options("/v2/envs", headers={"Origin": FRIEND, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    reply = server.http.get("/v2/envs", headers={"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"})
    assert reply.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "Origin" in reply.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        f"{NAME}.evil.example",
        f"x{NAME}",
        "example.net",
        "0x7f000001",
        "evil",
        "loc\u0430lhost".encode().decode("latin-1"),  # with a Cyrillic letter
        "a" * 5000,
    ],
)
def test_another_name_for_this_machine_is_refused(server: Server, host: str) -> None:
    """As after a rebinding of a stranger's name, on both ports; the answer says which flag would allow it."""
    for client in (server.http, server.files):
        reply = client.get("/", headers=[(b"Host", host.format(port=urlsplit(server.url).port).encode("latin-1"))])
        assert reply.status_code == 403
        assert "--allow-host" in reply.text
        assert len(reply.content) < 1000


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:80",
        "localhost.",
        "127.0.0.1",
        "127.8.9.1:1",
        "[::1]:5000",
        "192.168.99.100:5000",
        "[2001:db8::7]",
        NAME,
        f"{NAME}:443",
        "a.example.net",
    ],
)
def test_its_own_names_are_taken(server: Server, host: str) -> None:
    """And addresses, which nobody can give away; with any port, since what a client knows may be mapped to ours."""
    assert server.http.get("/healthz", headers={"Host": host}).status_code == 200


def test_who_names_no_host_is_no_browser(server: Server) -> None:
    """Clients of HTTP/1.0, and a load balancer's probe."""
    with Connection(server.url) as connection:
        connection.socket.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.response()[0] == 200


def test_every_answer_says_what_it_is(server: Server) -> None:
    """And that no other site may embed it; on both ports, errors included."""
    urls = [server.url + path for path in ("/v2/envs", "/v1/help", "/docs", "/no/such", "/metrics", "/pages/style.css")]
    urls += [server.artifacts_url + path for path in ("/", "/render.html", "/no/such", "/pages/style.css")]
    for url in urls:
        told = httpx.get(url).headers
        assert told["X-Content-Type-Options"] == "nosniff", url
        assert told["Cross-Origin-Resource-Policy"] == "same-site", url


def test_every_page_has_a_strict_policy(server: Server, guarded: Guarded) -> None:
    """Nothing is loaded from elsewhere, no script in the page runs, nothing frames it, and no address leaks."""
    urls = [server.url + path for path in ("/docs", "/dashboard", "/play")]
    urls += [server.artifacts_url + path for path in ("/", "/render.html?instance_id=01234567")]
    urls += [guarded.server.url + "/login", guarded.server.artifacts_url + "/login"]
    for url in urls:
        reply = httpx.get(url, headers={"Accept": "text/html"})
        assert reply.headers["Content-Type"].startswith("text/html"), url
        policy = dict(part.strip().partition(" ")[::2] for part in reply.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert "unsafe" not in policy["script-src"]
        assert "*" not in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert reply.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|javascript:|https?://", reply.text)


FORGED = {
    "page.html": b"<script>alert(1)</script>",
    "page.htm": b"<html><script>alert(1)</script></html>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "script.js": b"alert(1)",
    "style.css": b"*{}",
    "picture.png": b"<script>alert(1)</script>",
    "notes.txt": b"<script>alert(1)</script>",
    "record.json": b"<script>alert(1)</script>",
    "paper.pdf": b"%PDF-1.4",
    "nothing": b"<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>.html": b"<script>alert(1)</script>",
}


def test_what_an_environment_has_written_runs_nowhere(server: Server) -> None:
    """It is no page, and no script for anybody's page; whatever shows it is a sandbox."""
    instance_id = server.create("CartPole-v1")
    folder = server.data_dir / instance_id / "rendered"
    for name, content in FORGED.items():
        (folder / name).write_bytes(content)
        reply = server.files.get(f"/{instance_id}/rendered/{name}", headers={"Accept": "text/html"})
        assert reply.status_code == 200
        kind = reply.headers["Content-Type"]
        assert not re.search("html|xml|svg|javascript|css|pdf", kind), (name, kind)
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        policy = reply.headers["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        if kind == "application/octet-stream":
            assert reply.headers["Content-Disposition"] == "attachment"
    listing = server.files.get(f"/{instance_id}/rendered/", headers={"Accept": "text/html"}).text
    assert "&lt;img src=x onerror=alert(1)&gt;" in listing
    assert "<img src=x" not in listing


def test_a_browser_logs_in_once_for_both_ports(guarded: Guarded) -> None:
    """A page in place of what it asked for, a cookie that no script reads and no other site sends, and back."""
    url, token = guarded.server.url, TOKENS["alice"]
    with httpx.Client(headers={"Accept": "text/html"}) as browser:
        shown = browser.get(f"{url}/docs?x=1")
        assert shown.status_code == 401
        assert "Basic" not in shown.headers.get("WWW-Authenticate", "")
        assert 'value="/docs?x=1"' in shown.text
        assert "form-action 'self'" in shown.headers["Content-Security-Policy"]
        wrong = browser.post(f"{url}/login", data={"token": token + "x", "next": "/docs"})
        assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (401, False)
        entered = browser.post(f"{url}/login", data={"token": token, "next": "/docs?x=1"})
        assert (entered.status_code, entered.headers["Location"]) == (303, "/docs?x=1")
        cookie = entered.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert token not in cookie
        assert browser.get(f"{url}/docs").status_code == 200
        assert browser.get(guarded.server.artifacts_url).status_code == 200
        forged = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert browser.post(f"{url}/v2/envs", json=CREATE, headers=forged).status_code == 403
        value = cookie.partition(";")[0]
        assert browser.post(f"{url}/logout").status_code == 303
        assert httpx.get(f"{url}/docs", headers={"Cookie": value}).status_code == 401


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "",
        '/"><script>alert(1)</script>',
    ],
)
def test_a_login_leads_nowhere_else(guarded: Guarded, following: str) -> None:
    """Neither to another server nor into another header; and the page has no markup of a stranger's."""
    shown = httpx.get(f"{guarded.server.url}/login", params={"next": following})
    assert "<script>alert" not in shown.text
    entered = httpx.post(f"{guarded.server.url}/login", data={"token": TOKENS["alice"], "next": following})
    assert entered.status_code == 303
    assert re.fullmatch(r"/([^/\\].*)?", entered.headers["Location"])
    assert "a=b" not in str(entered.headers)
