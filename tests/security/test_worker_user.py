"""Where the server runs as root, environments can be somebody else, who has less to lose and less to take."""

import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.isolation.guest import Guest
from tests.server import Server, running_server

NAME = "nobody"
FLAGS = ("--import", "tests.security.attackers", "--worker-user", NAME)


def _can_run_python() -> bool:
    """Whether that user may read the interpreter and what is installed."""
    line = [sys.executable, "-c", "import gymnasium, numpy"]
    try:
        subprocess.run(line, user=NAME, group="nogroup", cwd="/", capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that everybody can enter, in a machine where all this makes sense."""
    if os.geteuid() != 0:
        pytest.skip("only root can let others be somebody else")
    if not _can_run_python():
        pytest.skip(f"{NAME} cannot read the Python interpreter here, or its packages")
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture(scope="module", params=[(), ("--worker-unconfined",)], ids=["confined", "unconfined"])
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """With everything else that the kernel has, and without."""
    home = folder / f"{len(request.param)}"
    home.mkdir()
    with running_server(home, *FLAGS, *request.param) as running:
        yield running


def attempt(server: Server, guest: Guest, attack: str, target: object = "") -> Any:
    """What the guest says of its attack."""
    body = {"options": {"attack": attack, "target": str(target)}}
    answer = server.http.post(f"{guest.path}/reset", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["info"]


def test_it_is_that_user_for_good(server: Server) -> None:
    """Real, effective and saved; the document says so."""
    guest = Guest(server, "Attacks")
    uid = pwd.getpwnam(NAME).pw_uid
    assert tuple(psutil.Process(guest.pid).uids()) == (uid, uid, uid)
    assert guest.document().json()["confinement"]["user"] == NAME
    guest.close()


def test_it_works_as_usual_and_others_see_what_it_leaves(server: Server) -> None:
    """Files of its own, pictures, recordings; the artifact server has them."""
    guest = Guest(server, "Attacks", render_mode="rgb_array")
    assert attempt(server, guest, "work as usual") == {"got": "relative to its folder4\n"}
    assert server.http.post(f"{guest.path}/monitor/start").status_code == 200
    assert guest.reset().status_code == 200
    assert guest.behave().status_code == 200
    assert server.http.get(f"{guest.path}/render").content.startswith(b"\x89PNG")
    guest.close()
    assert server.files.get(f"/{guest.instance_id}/rendered/notes.txt").text == "relative to its folder"
    assert len(list((server.data_dir / guest.instance_id / "simulation").glob("*.mp4"))) == 1


def test_the_gateway_is_out_of_reach(server: Server) -> None:
    """Its process, its files; also where nothing but the user is in the way."""
    guest = Guest(server, "Attacks")
    refused = {"failed": "PermissionError"}
    for attack in ("stop", "read variables", "open memory", "read memory", "trace", "take a descriptor"):
        assert attempt(server, guest, attack, server.process.pid) == refused, attack
    assert attempt(server, guest, "write", server.data_dir / "forged") == refused
    assert attempt(server, guest, "read", "/etc/shadow") == refused
    guest.close()


def test_nobody_of_it_survives_the_gateway(folder: Path) -> None:
    """Who becomes another user would lose the signal that comes with its parent's death."""
    home = folder / "killed"
    home.mkdir()
    with running_server(home, *FLAGS) as server:
        for _ in range(2):
            Guest(server, "Attacks")
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL


@pytest.mark.parametrize(("name", "reason"), [("no-such-user", "no user of this machine"), ("root", "not to be")])
def test_a_user_has_to_be_there_and_not_root(name: str, reason: str) -> None:
    """The server ends with 2 and says why."""
    line = [sys.executable, "-m", "gateway", "--worker-user", name]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert reason in ended.stderr


def test_the_user_has_to_reach_the_data_directory(folder: Path) -> None:
    """Otherwise the server does not start."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    line = [sys.executable, "-m", "gateway", "--worker-user", NAME, "--data-dir", str(closed / "data")]
    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert f"cannot enter {closed}" in ended.stderr
