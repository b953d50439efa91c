"""The container image, built and run for real: with docker or podman where such an engine runs, else with buildah."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest

from tests.gateway.test_seed_session import CREATE, HELP, INFO, RESET, START, STEP, STOP, UPLOAD, Shell
from tests.server import ROOT, Server

IMAGE = "gym-server-test"
TOOLS = ("docker", "podman", "buildah")
FREE_PORTS = {"GYM_SERVER_PORT": "0", "GYM_SERVER_ARTIFACTS_PORT": "0"}
_END_S = 30

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not any(map(shutil.which, TOOLS)) and "CI" not in os.environ, reason="neither docker, podman nor buildah"
    ),
]


class Image(Protocol):
    """The image in the store of the tool that has built it."""

    def exists(self) -> bool:
        """Whether this tool has built it."""

    def config(self) -> dict[str, Any]:
        """What the Dockerfile says about running it, under docker's names."""

    def command(self, *arguments: str, **variables: str) -> list[str]:
        """The command line that runs `arguments` in it, or without any what the image itself starts."""

    def remove(self) -> None:
        """The store is as it was, but for the base image."""


class EngineImage:
    """In the store of docker or podman, which run it themselves."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def exists(self) -> bool:
        return shutil.which(self._engine) is not None and succeeds(self._engine, "image", "inspect", IMAGE)

    def config(self) -> dict[str, Any]:
        return dict(json.loads(output(self._engine, "image", "inspect", IMAGE))[0]["Config"])

    def command(self, *arguments: str, **variables: str) -> list[str]:
        program = ["--entrypoint", arguments[0], IMAGE, *arguments[1:]] if arguments else [IMAGE]
        return [self._engine, "run", "--rm", "--network", "host", *flags(variables), *program]

    def remove(self) -> None:
        output(self._engine, "image", "rm", "--force", IMAGE)


class BuildahImage:
    """In buildah's store; buildah runs commands in a container made of it, in a chroot."""

    _buildah = ("buildah", "--storage-driver", "vfs")
    _container = f"{IMAGE}-container"

    def exists(self) -> bool:
        return shutil.which("buildah") is not None and succeeds(*self._buildah, "inspect", "--type", "image", IMAGE)

    def config(self) -> dict[str, Any]:
        return dict(json.loads(output(*self._buildah, "inspect", "--type", "image", IMAGE))["Docker"]["config"])

    def command(self, *arguments: str, **variables: str) -> list[str]:
        if not succeeds(*self._buildah, "inspect", self._container):
            output(*self._buildah, "from", "--name", self._container, IMAGE)
        config = self.config()
        program = arguments or (*config["Entrypoint"], *config["Cmd"])
        isolation = ("--isolation", "chroot", "--network", "host")
        return [*self._buildah, "run", *isolation, *flags(variables), self._container, "--", *program]

    def remove(self) -> None:
        output(*self._buildah, "rm", self._container)
        output(*self._buildah, "rmi", IMAGE)


def flags(variables: dict[str, str]) -> list[str]:
    """The environment variables as all three tools take them."""
    return [f"--env={name}={value}" for name, value in variables.items()]


def succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def output(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextlib.contextmanager
def container(image: Image, folder: Path) -> Iterator[Server]:
    """A server in a container of its own, started as the image says, on free ports of this machine."""
    log = folder / "container.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(image.command(**FREE_PORTS), stdout=subprocess.PIPE, stderr=stderr, text=True)
    with process:
        server = Server(process, Path("/data"), log)
        try:
            assert server.url, server.log
            yield server
        finally:
            server.http.close()
            server.files.close()
            terminate(server)


def terminate(server: Server) -> int:
    """The exit code after SIGTERM to the container's first process, which is how a container is stopped."""
    family = server.family()
    # docker's and podman's clients pass the signal on; buildah would not, and has tini among its own descendants.
    first = next((process for process in family if process.name() == "tini"), server.process)
    try:
        first.send_signal(signal.SIGTERM)
        return server.process.wait(_END_S)
    finally:
        _, alive = psutil.wait_procs(family, timeout=1)
        for process in alive:
            process.kill()
        assert not alive, f"left behind: {alive}"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image as `make image` builds it, with MuJoCo in it."""
    subprocess.run(["make", "image", f"IMAGE={IMAGE}", "EXTRAS=mujoco"], cwd=ROOT, check=True)
    images: list[Image] = [EngineImage("docker"), EngineImage("podman"), BuildahImage()]
    image = next(image for image in images if image.exists())
    yield image
    image.remove()


@pytest.fixture(scope="module")
def contained(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in a container that the tests share."""
    with container(image, tmp_path_factory.mktemp("contained")) as server:
        yield server


def test_the_seeds_session_works_in_a_container(contained: Server, tmp_path: Path) -> None:
    """Command by command, with a picture and a recording on the second port."""
    shell = Shell(contained, tmp_path)
    assert list(shell.run(HELP).json) == ["v1"]
    shell.instance_id = shell.run(CREATE).json["instance_id"]
    assert shell.run(START).json == {"message": True}
    assert shell.run(RESET).json["observation"]["render"] == "successfully rendered: 1.png"
    assert contained.files.get(f"/{shell.instance_id}/rendered/1.png").content.startswith(b"\x89PNG")
    while not shell.run(STEP).json["done"]:
        pass
    assert shell.run(STOP).json == {"message": True}
    assert ".mp4" in contained.files.get(f"/{shell.instance_id}/simulation/").text
    assert shell.run(UPLOAD).json == {"message": True}
    assert shell.run(INFO).json["action_space"] == "Discrete(2)"


def test_mujoco_draws_in_a_container(contained: Server) -> None:
    """The extra is installed, and its pictures need neither a screen nor a graphics card."""
    instance_id = contained.create("Ant-v5")
    assert len(contained.reset(instance_id, render=True)) == 105
    picture = contained.files.get(f"/{instance_id}/rendered/1.png")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")


def test_it_serves_on_all_interfaces(image: Image, contained: Server) -> None:
    """Both ports are declared and reachable from outside the container, without a token; the data has a volume."""
    assert contained.url.startswith("http://0.0.0.0:")
    assert contained.artifacts_url.startswith("http://0.0.0.0:")
    assert set(image.config()["ExposedPorts"]) == {"5000/tcp", "8000/tcp"}
    assert set(image.config()["Volumes"]) == {"/data"}
    assert "to ask for a token, set GYM_SERVER_TOKEN" in contained.log


def test_it_does_not_run_as_root(image: Image) -> None:
    """Its user can write the data and nothing of the program."""
    assert output(*image.command("id", "-u")).strip() == "1000"
    assert succeeds(*image.command("test", "-w", "/data"))
    writable = "find /opt /usr /etc -writable -not -type l 2>/dev/null || true"
    assert output(*image.command("sh", "-c", writable)) == ""


def test_its_health_check_asks_the_gateway(image: Image, contained: Server) -> None:
    """Healthy while the gateway answers, unhealthy where there is none."""
    kind, *check = image.config()["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert succeeds(*image.command(*check, GYM_SERVER_PORT=contained.url.rpartition(":")[2]))
    assert not succeeds(*image.command(*check, GYM_SERVER_PORT="1"))


def test_sigterm_ends_it_with_code_0(image: Image, tmp_path: Path) -> None:
    """At once, although an environment lives in it; what it logged says so."""
    with container(image, tmp_path) as server:
        server.create("CartPole-v1")
        assert terminate(server) == 0
        assert server.log.rstrip().endswith("closed")


def test_the_build_leaves_nothing_behind(image: Image) -> None:
    """No package lists, no downloads, and of the project only what it is built from."""
    caches = "find /var/lib/apt/lists /var/cache/apt/archives -type f -not -name lock 2>/dev/null || true"
    assert output(*image.command("sh", "-c", caches)) == ""
    sources = {"LICENSE", "README.md", "gateway", "protocol", "pyproject.toml", "requirements.lock", "worker"}
    assert set(output(*image.command("ls", "-A", "/usr/src/gym-server")).split()) == sources
