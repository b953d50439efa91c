"""Where a server listens, and what it asks for there, is what its operator has said: nothing is open by mistake."""

import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from gateway.config import read_config
from gateway.security.settings import Security
from tests.security import certificates
from tests.security.holders import bearer
from tests.server import ROOT, Server, running_server

SECRET = "a-secret-of-these-tests-0123456789"  # noqa: S105 - made up for them
OUTSIDE = "0.0.0.0"  # noqa: S104 - this is about it


def ended_at_once(folder: Path, *flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A server that does not start."""
    line = [sys.executable, "-m", "gateway", "run", "--port", "0", "--artifacts-port", "0", "--data-dir", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GYM_")} | variables
    return subprocess.run(
        [*line, *flags], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_without_flags_nobody_else_can_reach_it_and_nobody_is_asked() -> None:
    """The newcomer's first five minutes."""
    config = read_config([], {})
    assert config.host == "127.0.0.1"
    assert config.security == Security()


@pytest.mark.parametrize("host", [OUTSIDE, "::", "192.0.2.1", "gym.example.org", ""])
def test_on_any_other_address_it_needs_a_token(tmp_path: Path, host: str) -> None:
    """It ends with a sentence that says what to do, before it has made or opened anything."""
    ended = ended_at_once(tmp_path / "data", "--host", host)
    assert ended.returncode == 1
    assert not ended.stdout
    assert "GYM_SERVER_TOKEN" in ended.stderr
    assert "--insecure" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_make_run_says_so_too(tmp_path: Path) -> None:
    """For who has found HOST in the README."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GYM_", "MAKE", "MFLAGS"))}
    line = [
        "make",
        "run",
        f"HOST={OUTSIDE}",
        "PORT=0",
        "ARTIFACTS_PORT=0",
        f"DATA_DIR={tmp_path / 'data'}",
        "EXTRAS=test",
    ]
    ended = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode
    assert "GYM_SERVER_TOKEN" in ended.stderr


def asked(server: Server) -> list[int]:
    """What both ports answer to who shows nothing."""
    ports = (url.rpartition(":")[2] for url in (server.url, server.artifacts_url))
    return [
        httpx.get(f"http://127.0.0.1:{port}{path}").status_code
        for port, path in zip(ports, ("/v2/envs", "/"), strict=True)
    ]


def test_with_a_token_it_listens_everywhere(tmp_path: Path) -> None:
    """And asks for it on both ports; under any address, since those are not names."""
    with running_server(tmp_path, "--host", OUTSIDE, environment={"GYM_SERVER_TOKEN": SECRET}) as server:
        assert asked(server) == [401, 401]
        url = f"http://127.0.0.1:{server.url.rpartition(':')[2]}/v2/envs"
        for host, status in (("192.0.2.7:5000", 200), ("[2001:db8::7]", 200), ("evil.example", 403)):
            assert httpx.get(url, headers=bearer(SECRET) | {"Host": host}).status_code == status
        assert "WARNING" not in server.log


def test_insecure_is_said_and_told(tmp_path: Path) -> None:
    """As the container image says it: one line tells how to set a token."""
    with running_server(tmp_path, "--host", OUTSIDE, environment={"GYM_SERVER_INSECURE": "1"}) as server:
        assert asked(server) == [200, 200]
        warnings = [line for line in server.log.splitlines() if "WARNING" in line]
        assert len(warnings) == 1
        assert "GYM_SERVER_TOKEN" in warnings[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[alice]\ntoken = "x', "Unterminated"),
        ("[alice]", "alice needs either a token or a sha256"),
        (f'[alice]\ntoken = "{SECRET}"\nsha256 = "{"0" * 64}"', "either"),
        ('[alice]\nsha256 = "0"', "64 hexadecimal digits"),
        (f'[alice]\ntoken = "{SECRET}"\nrole = "king"', "role"),
        (f'[alice]\ntoken = "{SECRET}"\nmemory = "much"', "much"),
        (f'[alice]\ntoken = "{SECRET}"\ninstances = 0', "above 0"),
        (f'[alice]\ntoken = "{SECRET}"\nroles = "use"', "roles"),
        (f'[alice]\ntoken = "{SECRET}"\n[bob]\ntoken = "{SECRET}"', "same token"),
        ("[alice]\ntoken = 1234567890123456", "token"),
        ('[alice]\ntoken = ""', "empty"),
    ],
)
def test_a_wrong_file_is_no_file_without_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    """It ends the start, with a sentence that says what is wrong and has no token in it."""
    path = tmp_path / "tokens.toml"
    path.write_text(content)
    with pytest.raises(SystemExit) as caught:
        read_config(["--token-file", str(path)], {})
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert SECRET not in told
    with pytest.raises(SystemExit):
        read_config(["--token-file", str(tmp_path / "absent")], {})


def test_a_file_may_hold_hashes(tmp_path: Path) -> None:
    """So that whoever reads it cannot use it; one that others can read is warned of."""
    digest = subprocess.run(["sha256sum"], input=SECRET.encode(), capture_output=True, check=True).stdout.split()[0]
    path = tmp_path / "tokens.toml"
    path.write_text(f'[alice]\nsha256 = "{digest.decode()}"\n')
    path.chmod(0o644)
    with running_server(tmp_path, "--token-file", str(path)) as server:
        assert server.http.get("/v2/envs", headers=bearer(SECRET)).status_code == 200
        assert server.http.get("/v2/envs", headers=bearer(digest.decode())).status_code == 401
        assert "others on this machine can read" in server.log


def test_both_ports_speak_tls_and_take_a_new_certificate(tmp_path: Path) -> None:
    """On SIGHUP, for new connections; a broken one changes nothing."""
    made = certificates.make(tmp_path, "first")
    flags = ("--tls-cert", str(made.certificate), "--tls-key", str(made.key))
    with running_server(tmp_path, *flags) as server:
        assert server.url.startswith("https://")
        ports = [int(url.rpartition(":")[2]) for url in (server.url, server.artifacts_url)]
        first = made.certificate.read_text().strip()
        assert [certificates.shown_by(port).strip() for port in ports] == [first, first]
        context = ssl.create_default_context(cafile=made.certificate)
        with httpx.Client(verify=context) as client:
            assert client.get(f"{server.url}/healthz").status_code == 200
            assert client.get(server.artifacts_url).status_code == 200
            made.key.write_text("no key")
            hang_up(server, "stays as it was")
            assert certificates.shown_by(ports[0]).strip() == first
            second = certificates.make(tmp_path, "second").certificate.read_text().strip()
            hang_up(server, "read again")
            assert [certificates.shown_by(port).strip() for port in ports] == [second, second]
            assert client.get(f"{server.url}/healthz").status_code == 200  # its connection is as it was
        with connect(
            server.url.replace("http", "ws") + "/v2/ws", ssl=ssl.create_default_context(cafile=made.certificate)
        ):
            pass
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http"))


def hang_up(server: Server, said: str) -> None:
    """SIGHUP has been sent and heard."""
    server.process.send_signal(signal.SIGHUP)
    while said not in server.log:
        httpx.get(f"{server.url}/healthz", verify=False)  # noqa: S501 - it is asked for nothing but its time


@pytest.mark.parametrize("absent", ["certificate", "key"])
def test_without_its_certificate_it_does_not_start(tmp_path: Path, absent: str) -> None:
    """It names the file."""
    made = certificates.make(tmp_path, "first")
    getattr(made, absent).unlink()
    ended = ended_at_once(tmp_path, "--tls-cert", str(made.certificate), "--tls-key", str(made.key))
    assert ended.returncode == 1
    assert f"{absent}.pem" in ended.stderr


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "gym.example.org",
}


def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:
    """The address, the name and the scheme are those that it tells."""
    with running_server(tmp_path, "--trusted-proxy", "127.0.0.0/8", "--allow-host", "gym.example.org") as server:
        ours = FORWARDED | {"Origin": "https://gym.example.org"}
        assert server.http.get("/v2/envs", headers=ours).status_code == 200
        assert server.http.get("/v2/envs", headers=ours | {"X-Forwarded-Proto": "http"}).status_code == 403
        assert server.http.get("/v2/envs", headers=ours | {"X-Forwarded-Host": "evil.example"}).status_code == 403
        made = server.http.post(
            "/v2/envs", json={"env_id": "CartPole-v1", "render_mode": "rgb_array"}, headers=ours
        ).json()
        reset = f"/v2/envs/{made['instance_id']}/reset"
        drawn = server.http.post(reset, json={"render": True}, headers=ours).json()["render"]
        assert drawn["url"].startswith("https://gym.example.org")


def test_nobody_else_is(tmp_path: Path) -> None:
    """What anybody can send changes nothing."""
    with running_server(tmp_path, "--trusted-proxy", "192.0.2.1", "--allow-host", "gym.example.org") as server:
        assert server.http.get("/v2/envs", headers=FORWARDED | {"X-Forwarded-Host": "evil.example"}).status_code == 200
        ours = FORWARDED | {"Origin": "https://gym.example.org"}
        assert server.http.get("/v2/envs", headers=ours).status_code == 403
        assert server.http.get("/v2/envs", headers=FORWARDED | {"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--trusted-proxy", "everybody"),
        ("--cors-origin", "example.org"),
        ("--cors-origin", "https://x/y"),
        ("--token", " x"),
        ("--tls-key", "key.pem"),
        ("--max-connections", "0"),
    ],
)
def test_a_setting_that_cannot_be_ends_with_a_message(
    capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    """As a flag and as a variable."""
    for arguments, environment in (
        ([flag, value], {}),
        ([], {"GYM_SERVER_" + flag[2:].upper().replace("-", "_"): value}),
    ):
        with pytest.raises(SystemExit) as caught:
            read_config(arguments, environment)
        assert caught.value.code == 2
        assert capsys.readouterr().err
