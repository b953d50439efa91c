"""Every command of README.md runs, and answers as it says; every route, flag, link and picture in it is there."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from tests.server import ROOT, Server, started

README = (ROOT / "README.md").read_text()
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS = re.compile(r"^(?:\w+=\S+ )*make run\b.*")
CONTAINER = re.compile(r"^(?:make image|docker )")
MADE = re.compile(r"^make (?:test|check|bench|lint)$")
INSTANCE_ID = re.compile(r"(?<=[/\"=])[0-9a-f]{8}\b")
ROUTE = re.compile(r"`(GET|POST|DELETE) (/[^`?]*)")
WAIT_S = 30


class Block(NamedTuple):
    """A fenced piece of the README."""

    language: str
    text: str


BLOCKS = [Block(*match) for match in FENCED.findall(README)]
COMMANDS = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]
STARTING = [line for line in COMMANDS if STARTS.match(line)]


class Shell:
    """Runs the README's commands against a server; its ports and ids take the place of those in the text."""

    def __init__(self, server: Server, home: Path) -> None:
        (home / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
        self._home = home
        self._url = server.url
        self._ports = {"5000": server.url.rpartition(":")[2], "8000": server.artifacts_url.rpartition(":")[2]}
        self._ids: dict[str, str] = {}
        self._unused = list(dict.fromkeys(INSTANCE_ID.findall(README)))

    def real(self, text: str) -> str:
        """The text as it is true of this server."""
        text = re.sub(r"(?<=localhost:)(5000|8000)", lambda match: self._ports[match[0]], text)
        return INSTANCE_ID.sub(lambda match: self._ids.get(match[0], match[0]), text)

    def run(self, command: str) -> str:
        """What the command prints.

        Raises:
            AssertionError: it fails.
        """
        line = self.real(command).replace("-o cartpole.png", f"-o {self._home}/cartpole.png")
        environment = os.environ | {"CURL_HOME": str(self._home), "GYM_SERVER_URL": self._url}
        ended = subprocess.run(
            ["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=WAIT_S, check=False
        )
        assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
        if created := re.match(r'\{"instance_id":"(\w{8})"', ended.stdout):
            self._ids[self._unused.pop(0)] = created[1]
        return ended.stdout


@pytest.fixture(scope="module", autouse=True)
def _everything_is_installed() -> None:
    """As after the first time, so that a server does not begin by telling what it installs."""
    subprocess.run(["make", "setup", "EXTRAS=test"], cwd=ROOT, check=True, capture_output=True)


def make_run(line: str, folder: Path, environment: dict[str, str] | None = None) -> Any:
    """The server that a line with `make run` starts, on free ports and with what is installed already."""
    data_dir = folder / "data"
    changes = f"PORT=0 ARTIFACTS_PORT=0 DATA_DIR={data_dir} EXTRAS=test"
    return started(["bash", "-c", f"exec env {line} {changes}"], data_dir, folder / "gateway.log", environment)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the README's first command starts; a Ctrl-C ends it, as the README says."""
    with make_run(STARTING[0], tmp_path_factory.mktemp("readme")) as running:
        yield running
        running.stop(signal.SIGINT, whole_group=True)


@pytest.fixture(scope="module")
def shell(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A second terminal."""
    return Shell(server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def links(shell: Shell) -> list[str]:
    """The addresses that the README invites to look at, while its first session goes on."""
    play(shell, [block for block in BLOCKS if "XDELETE" not in block.text and "/v2/" not in block.text])
    return [shell.real(url) for url in re.findall(r"<(http://localhost[^>]*)>", README)]


def play(shell: Shell, blocks: list[Block]) -> None:
    """All commands that are for a running server have run, one after the other, and have answered as it says."""
    said = ""
    for block in blocks:
        if block.language == "sh":
            for command in block.text.splitlines():
                if not (STARTS.match(command) or CONTAINER.match(command) or MADE.match(command)):
                    said = shell.run(command)
        elif block.language == "json":
            assert shape(json.loads(said)) == shape(json.loads(block.text)), f"{block.text}{said}"


def shape(value: Any) -> Any:
    """The value with its names and structure, and every number and text replaced by its kind."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    if isinstance(value, bool):
        return value
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_every_command_works_and_answers_as_it_says(server: Server, tmp_path: Path) -> None:
    """From the creation to the close, in the README's order, with curl itself; the picture is that in the README."""
    play(Shell(server, tmp_path), BLOCKS)
    with Image.open(ROOT / "docs" / "cartpole.png") as shown, Image.open(tmp_path / "cartpole.png") as fetched:
        assert shown.size == fetched.size == (600, 400)
        assert len(shown.convert("RGB").getcolors(2**24) or ()) > 3


def test_every_address_that_it_names_is_there(server: Server, links: list[str]) -> None:
    """Live view, listings, folders."""
    assert len(links) >= 3
    assert {url: server.http.get(url).status_code for url in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("line", STARTING[1:])
def test_every_way_to_start_it_starts_it(tmp_path: Path, line: str) -> None:
    """With other settings, with other environments, with one's own."""
    (module,) = (block.text for block in BLOCKS if block.language == "python")
    (tmp_path / "my_environments.py").write_text(module)
    with make_run(line, tmp_path, {"PYTHONPATH": str(tmp_path)}) as server:
        assert server.http.get("/healthz").status_code == 200
        if "my_environments" in line:
            assert server.reset(server.create("My/Lake-v0")) == 0


def test_its_own_commands_are_targets_of_make() -> None:
    """Those that run this very test are not run by it."""
    targets = [line for line in COMMANDS if MADE.match(line)]
    assert {"make test", "make check", "make bench"} <= set(targets)
    for line in targets:
        subprocess.run([*line.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True, timeout=WAIT_S)


def test_the_commands_for_containers_have_a_test_of_their_own() -> None:
    """It builds the image and runs it."""
    assert [line for line in COMMANDS if CONTAINER.match(line)]
    assert (ROOT / "tests" / "test_image.py").is_file()


def test_the_tables_name_every_route_and_no_other(server: Server) -> None:
    """What the server's own descriptions say, `/v1/help` and `/v2/openapi.json`."""
    told = {(method, path.rstrip("/")) for method, path in ROUTE.findall(README)}
    served = set()
    for path, described in server.http.get("/v1/help").json()["v1"].items():
        served |= {(method, path.rstrip("/")) for method in described["methods"].split(",")}
    for path, operations in server.http.get("/v2/openapi.json").json()["paths"].items():
        served |= {(method.upper(), path.replace("{", "<").replace("}", ">")) for method in operations}
    served = {(method, path) for method, path in served if method in ("GET", "POST", "DELETE")}
    assert {each for each in told if each[1].startswith(("/v1", "/v2"))} == served
    others = {path for _, path in told if not path.startswith(("/v1", "/v2"))}
    assert {"/healthz", "/metrics", "/<instance_id>/rendered", "/render.html"} <= others


def test_the_table_of_settings_names_every_flag_and_no_other(shell: Shell) -> None:
    """What `--help` lists."""
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `--")]
    told = set(re.findall(r"--[a-z0-9-]+", " ".join(rows)))
    assert told == set(re.findall(r"--[a-z0-9-]+", shell.run(".venv/bin/gym-server run --help"))) - {"--help"}


def test_every_file_that_it_links_to_is_there() -> None:
    """Relative to the README itself."""
    linked = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert "docs/cartpole.png" in linked
    assert all((ROOT / target).is_file() for target in linked)
