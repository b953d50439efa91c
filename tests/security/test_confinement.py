"""An environment is kept to its own: files, processes, sockets, variables; and can do there what environments do."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.isolation.culprit import settled
from tests.isolation.guest import Guest
from tests.server import Server, running_server

IMPORT = ("--import", "tests.security.attackers")
SECRETS = {
    "GYM_SERVER_UPLOAD_KEY": "hidden-1",
    "WANDB_API_KEY": "hidden-2",
    "DB_PASSWORD": "hidden-3",
    "CACHE_URL": "redis://user:hidden-4@example.org/0",
    "KEPT_TOKEN": "as wanted",
}


class Scene(NamedTuple):
    """A server, an attacker in it, somebody to be attacked, and services of this machine."""

    server: Server
    attacker: Guest
    victim: Guest
    port: int
    local: str

    @property
    def folder(self) -> Path:
        """The victim's."""
        return self.server.data_dir / self.victim.instance_id


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Somebody listens by TCP, and under a name that is no file's, for which no permission is needed."""
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as local:
        tcp.bind(("127.0.0.1", 0))
        local.bind(f"\0gym-server-test-{os.getpid()}")
        for service in (tcp, local):
            service.listen()
        yield tcp, local


def scene(server: Server, services: tuple[socket.socket, socket.socket]) -> Scene:
    """The attacker and the victim have been made."""
    attacker, victim = (Guest(server, "Attacks", render_mode="rgb_array") for _ in range(2))
    tcp, local = services
    return Scene(server, attacker, victim, tcp.getsockname()[1], local.getsockname().decode())


@pytest.fixture(scope="module")
def confined(
    tmp_path_factory: pytest.TempPathFactory, services: tuple[socket.socket, socket.socket]
) -> Iterator[Scene]:
    """As a server is by default, with secrets in its environment."""
    with running_server(
        tmp_path_factory.mktemp("server"), *IMPORT, "--worker-env", "KEPT_TOKEN", environment=SECRETS
    ) as server:
        yield scene(server, services)


def attempt(scene: Scene, attack: str, target: object = "") -> dict[str, Any]:
    """What the attacker says of it."""
    body = {"options": {"attack": attack, "target": str(target)}}
    answer = scene.server.http.post(f"{scene.attacker.path}/reset", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["info"])


def needs(scene: Scene, what: str) -> None:
    """Skips the test where the instance document says that this is not in force here."""
    if scene.attacker.document().json()["confinement"][what] is None:
        pytest.skip(f"this kernel offers nothing that keeps {what} from an environment")


FILES: dict[str, tuple[str, Callable[[Scene], object]]] = {
    "another's log": ("read", lambda scene: scene.folder / "logs/output.log"),
    "another's log, by a child": ("read by a child", lambda scene: scene.folder / "logs/output.log"),
    "the scoreboard": ("read", lambda scene: scene.server.data_dir / "scoreboard.sqlite3"),
    "the gateway's log": ("read", lambda scene: scene.server.data_dir.parent / "gateway.log"),
    "passwords": ("read", lambda _scene: "/etc/shadow"),
    "another's folder": ("write", lambda scene: scene.folder / "rendered/forged.png"),
    "a new folder beside its own": ("make a folder", lambda scene: scene.server.data_dir / "0000ffff"),
    "deleting another's log": ("delete", lambda scene: scene.folder / "logs/output.log"),
    "giving another a picture": ("rename", lambda scene: scene.folder / "rendered/latest.png"),
    "writing where everybody may": ("write", lambda _scene: "/tmp/gym-server-test"),  # noqa: S108 - it must fail
    "writing into the product": ("write", lambda _scene: Path(__file__).parent / "forged.py"),
    "a link for others to follow": ("link", lambda scene: scene.folder / "logs/output.log"),
    "a second name of another's file": ("link hard", lambda scene: scene.folder / "logs/output.log"),
}


@pytest.mark.parametrize(("attack", "target"), FILES.values(), ids=FILES)
def test_files_of_others_are_out_of_reach(confined: Scene, attack: str, target: Callable[[Scene], object]) -> None:
    """However they are asked for."""
    needs(confined, "files")
    assert confined.server.http.get(f"{confined.attacker.path}/render").status_code == 200
    failed = attempt(confined, attack, target(confined)).get("failed")
    assert failed in {"PermissionError", "OSError", "CalledProcessError"}  # the second: "Invalid cross-device link"


@pytest.mark.parametrize("whom", ["gateway", "fork server", "neighbour", "somebody else"])
@pytest.mark.parametrize(
    ("attack", "protection"),
    [
        ("stop", "signals"),
        ("stop by pidfd", "signals"),
        ("read variables", "memory_of_others"),
        ("open memory", "memory_of_others"),
        ("read memory", "memory_of_others"),
        ("trace", "memory_of_others"),
        ("take a descriptor", "memory_of_others"),
    ],
)
def test_processes_of_others_are_out_of_reach(confined: Scene, whom: str, attack: str, protection: str) -> None:
    """Neither a signal nor a look; they run on."""
    needs(confined, protection)
    pid = {
        "gateway": confined.server.process.pid,
        "fork server": int(Path(f"/proc/{confined.victim.pid}/stat").read_text().rpartition(")")[2].split()[1]),
        "neighbour": confined.victim.pid,
        "somebody else": os.getpid(),
    }[whom]
    assert attempt(confined, attack, pid) == {"failed": "PermissionError"}
    assert confined.victim.behave().status_code == 200


@pytest.mark.parametrize("attack", ["connect", "send a datagram", "connect locally"])
def test_nothing_can_be_reached_by_a_socket(confined: Scene, attack: str) -> None:
    """Neither by TCP nor by UDP, nor a service of this machine."""
    needs(confined, "network")
    target = confined.local if attack == "connect locally" else confined.port
    assert attempt(confined, attack, target) == {"failed": "PermissionError"}


def test_secrets_of_the_environment_are_not_handed_down(confined: Scene) -> None:
    """The server's own, those that are named like one, passwords in addresses; but what was wanted is."""
    variables = attempt(confined, "own variables")["got"]
    assert "hidden" not in str(variables)
    assert variables["KEPT_TOKEN"] == SECRETS["KEPT_TOKEN"]
    assert variables["PATH"] == os.environ["PATH"]


def test_no_descriptor_is_handed_down(confined: Scene) -> None:
    """Nothing to read, its log twice, the pipe, and the log of its faults."""
    guest = Guest(confined.server, "Attacks")
    found = attempt(confined._replace(attacker=guest), "own descriptors")["got"]
    logs = confined.server.data_dir / guest.instance_id / "logs"
    assert found.pop("3").startswith("socket:")
    output, faults = str(logs / "output.log"), str(logs / "faults.log")
    assert found == {"0": os.devnull, "1": output, "2": output, "4": faults}
    guest.close()


def test_no_program_gives_it_more_rights(confined: Scene) -> None:
    """What is installed to run as somebody else runs as itself."""
    status = Path(f"/proc/{confined.attacker.pid}/status").read_text()
    assert "NoNewPrivs:\t1\n" in status
    assert confined.attacker.document().json()["confinement"]["privileges"] == "no_new_privs"


def test_in_its_own_folder_it_may_do_as_it_likes(confined: Scene) -> None:
    """Files, temporary ones, a home, children, pairs of sockets; what is temporary goes when it ends."""
    guest = Guest(confined.server, "Attacks")
    told = attempt(confined._replace(attacker=guest), "work as usual")
    assert told == {"got": "relative to its folder4\n"}
    folder = confined.server.data_dir / guest.instance_id
    assert list(folder.glob(".private*/left behind"))
    guest.close()
    assert not settled(lambda: list(folder.glob(".private*")), lambda left: not left)
    assert (folder / "rendered/notes.txt").exists()


def test_the_operator_may_open_doors(tmp_path: Path, services: tuple[socket.socket, socket.socket]) -> None:
    """Connections, and further folders to read or to write; services on this machine stay closed."""
    readable, writable = tmp_path / "readable", tmp_path / "writable"
    readable.mkdir()
    writable.mkdir()
    (readable / "file").write_text("told")
    flags = ("--worker-network", "--worker-read", str(readable), "--worker-write", str(writable))
    with running_server(tmp_path, *IMPORT, *flags) as server:
        opened = scene(server, services)
        assert attempt(opened, "connect", opened.port) == {"got": "connected"}
        assert attempt(opened, "read", readable / "file") == {"got": "told"}
        assert attempt(opened, "write", writable / "file") == {"got": 1}
        told = opened.attacker.document().json()["confinement"]
        assert told["network"] is None
        if told["files"]:
            assert attempt(opened, "write", readable / "file") == {"failed": "PermissionError"}
            assert attempt(opened, "read", opened.folder / "logs/output.log") == {"failed": "PermissionError"}
        if told["local_sockets"]:
            assert attempt(opened, "connect locally", opened.local) == {"failed": "PermissionError"}


def test_the_operator_may_leave_all_doors_open(tmp_path: Path, services: tuple[socket.socket, socket.socket]) -> None:
    """Then the document says so."""
    with running_server(tmp_path, *IMPORT, "--worker-unconfined") as server:
        opened = scene(server, services)
        assert attempt(opened, "read", opened.folder / "logs/output.log") == {"got": ""}
        assert attempt(opened, "connect", opened.port) == {"got": "connected"}
        told = opened.attacker.document().json()["confinement"]
        assert {told[name] for name in ("files", "network", "local_sockets", "signals", "memory_of_others")} == {None}
