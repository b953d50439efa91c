"""The session that the first gym-server's page prints, run with curl itself and command by command.

The commands are the page's own; only the port and the instance's id are replaced, and one episode is played while
the monitor records, so that there is something to upload.
"""

import json
import os
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.server import Server

HELP = "curl http://localhost:5000/v1/help"
CREATE = """curl -H "Content-Type: application/json" \\
                         -XPOST http://localhost:5000/v1/envs/create/ \\
                         -d '{"environment": "CartPole-v0"}'"""
RESET = """curl  -XPOST -H "Content-Type: application/json" \\
                                http://localhost:5000/v1/envs/ce2dbb50/reset/ \\
                                -d '{"render": true}'"""
STEP = """curl -XPOST -H "Content-Type: application/json" \\
                                http://localhost:5000/v1/envs/ce2dbb50/step/ \\
                                -d '{"action": 1}'"""
START = """curl -XPOST -H "Content-Type: application/json" \\
                       http://localhost:5000/v1/envs/ce2dbb50/monitor/start/ \\
                       -d '{"force": false, "resume": false}'"""
STOP = """curl -XPOST -H "Content-Type: application/json" \\
                       http://localhost:5000/v1/envs/ce2dbb50/monitor/stop/"""
UPLOAD = """curl -XPOST -H "Content-Type: application/json" \\
                           http://localhost:5000/v1/envs/ce2dbb50/upload/ -d \\
                           '{
                              "algorithm_id": "my_id",
                              "writeup": "http://mygist",
                              "api_key": "my_apikey",
                              "ignore_open_monitors": true
                           }'"""
INFO = """curl -XGET -H "Content-Type: application/json" \\
                             http://localhost:5000/v1/envs/ce2dbb50/info"""

ROUTES = {
    "/v1/envs/<instance_id>/info": "HEAD,OPTIONS,GET",
    "/v1/envs/<instance_id>/monitor/close/": "POST,OPTIONS",
    "/v1/envs/<instance_id>/monitor/start/": "POST,OPTIONS",
    "/v1/envs/<instance_id>/reset/": "POST,OPTIONS",
    "/v1/envs/<instance_id>/step/": "POST,OPTIONS",
    "/v1/envs/<instance_id>/upload/": "POST,OPTIONS",
    "/v1/envs/create/": "POST,OPTIONS",
    "/v1/help": "HEAD,OPTIONS,GET",
}
"""What the page's help lists."""


class Answer(NamedTuple):
    """What curl printed: the body, the status and the content type."""

    text: str
    status: int
    content_type: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Shell:
    """Runs the page's commands against a server."""

    def __init__(self, server: Server, home: Path) -> None:
        self._port = server.url.rpartition(":")[2]
        self._environment = os.environ | {"CURL_HOME": str(home)}
        (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code} %{content_type}"\n')
        self.instance_id = "ce2dbb50"

    def run(self, command: str) -> Answer:
        command = command.replace("5000", self._port).replace("ce2dbb50", self.instance_id)
        run = subprocess.run(["bash", "-c", command], env=self._environment, check=True, capture_output=True, text=True)
        text, _, end = run.stdout.rpartition("\n")
        status, _, content_type = end.partition(" ")
        return Answer(text, int(status), content_type)


@pytest.fixture(scope="module")
def shell(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell in which the page's instance has been created."""
    shell = Shell(server, tmp_path_factory.mktemp("home"))
    shell.instance_id = shell.run(CREATE).json["instance_id"]
    return shell


@pytest.fixture
def picture(server: Server, shell: Shell) -> bytes:
    """`1.png`, which the page's reset has drawn."""
    if server.files.get(f"/{shell.instance_id}/rendered/1.png").status_code == 404:
        shell.run(RESET)
    return server.files.get(f"/{shell.instance_id}/rendered/1.png").content


@pytest.fixture
def recorded(shell: Shell) -> Shell:
    """A whole episode has been recorded."""
    shell.run(START.replace('"force": false', '"force": true'))
    shell.run(RESET)
    while not shell.run(STEP).json["done"]:
        pass
    shell.run(STOP)
    return shell


def test_help_lists_every_route_of_the_page(shell: Shell) -> None:
    """With the page's shape: the route, what it does, its methods in the page's order."""
    answer = shell.run(HELP)
    assert (answer.status, list(answer.json)) == (200, ["v1"])
    routes = answer.json["v1"]
    assert {route: routes[route]["methods"] for route in ROUTES} == ROUTES
    assert routes["/v1/envs/<instance_id>/monitor/stop/"]["methods"] == "POST,OPTIONS"
    assert all(set(route) == {"doc", "methods"} and route["doc"] for route in routes.values())


def test_create_answers_201_and_an_id(shell: Shell) -> None:
    """Eight hexadecimal digits and nothing else: CartPole-v0 is still registered."""
    answer = shell.run(CREATE)
    assert (answer.status, answer.content_type) == (201, "application/json")
    assert list(answer.json) == ["instance_id"]
    assert len(answer.json["instance_id"]) == 8
    assert int(answer.json["instance_id"], 16) >= 0


def test_reset_answers_nested_and_names_the_picture(shell: Shell) -> None:
    """As the page prints it: an observation in an observation, and the first picture is 1.png."""
    shell.instance_id = shell.run(CREATE).json["instance_id"]
    answer = shell.run(RESET)
    assert answer.status == 200
    assert list(answer.json) == ["observation"]
    assert set(answer.json["observation"]) == {"observation", "render"}
    assert answer.json["observation"]["render"] == "successfully rendered: 1.png"
    assert len(answer.json["observation"]["observation"]) == 4
    assert all(abs(number) <= 0.05 for number in answer.json["observation"]["observation"])


def test_reset_without_a_body_draws_nothing(shell: Shell) -> None:
    """Rendering is optional, and so is the body."""
    answer = shell.run(RESET.partition("-d")[0].rstrip("\\ \n"))
    assert list(answer.json["observation"]) == ["observation"]


def test_the_picture_is_one_of_cartpole(picture: bytes) -> None:
    """600 by 400 pixels: a white ground, a black cart on it, a brown pole."""
    with Image.open(BytesIO(picture)) as image:
        assert (image.format, image.size) == ("PNG", (600, 400))
        pixels = np.asarray(image.convert("RGB"))
    colours, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    by_count = [tuple(colour) for colour in colours[np.argsort(-counts)].tolist()]
    assert by_count[0] == (255, 255, 255)
    assert {(0, 0, 0), (202, 152, 101)} <= set(by_count[:4])


def test_step_answers_flat(shell: Shell) -> None:
    """The page's four fields, and the two that Gymnasium has made of `done`."""
    before = shell.run(RESET).json["observation"]["observation"]
    answer = shell.run(STEP)
    assert answer.status == 200
    assert set(answer.json) == {"done", "info", "observation", "reward", "terminated", "truncated"}
    assert (answer.json["done"], answer.json["info"], answer.json["reward"]) == (False, {}, 1.0)
    assert answer.json["observation"][1] > before[1], "a push to the right makes it faster to the right"


def test_a_step_names_its_picture(server: Server, shell: Shell) -> None:
    """The next number, and the file is there as soon as the answer is."""
    shell.run(RESET)
    said = shell.run(STEP.replace('"action": 1', '"action": 1, "render": true')).json["render"]
    name = said.removeprefix("successfully rendered: ")
    files = server.files.get(f"/{shell.instance_id}/rendered/{name}")
    assert (files.status_code, files.headers["Content-Type"]) == (200, "image/png")
    assert files.content == server.files.get(f"/{shell.instance_id}/rendered/latest.png").content


@pytest.mark.parametrize("ending", ["stop", "close"])
def test_the_monitor_starts_and_ends(shell: Shell, ending: str) -> None:
    """The page's text says close and its command stop; both are routes."""
    shell.instance_id = shell.run(CREATE).json["instance_id"]
    for command in (START, STOP.replace("/stop/", f"/{ending}/")):
        answer = shell.run(command)
        assert (answer.status, answer.json) == (200, {"message": True})


def test_the_recording_is_served(server: Server, recorded: Shell) -> None:
    """The files of Gym's monitor: a manifest, the statistics of the episode, a video."""
    listing = server.files.get(f"/{recorded.instance_id}/simulation/", headers={"Accept": "application/json"}).json()
    names = [entry["name"] for entry in listing["entries"]]
    assert [name for name in names if name.endswith(".manifest.json")]
    assert [name for name in names if name.endswith(".mp4")]
    (stats,) = (name for name in names if name.endswith(".stats.json"))
    recording = server.files.get(f"/{recorded.instance_id}/simulation/{stats}").json()
    assert recording["episode_lengths"] == [int(reward) for reward in recording["episode_rewards"]]


def test_upload_takes_what_was_recorded(recorded: Shell) -> None:
    """With the page's four fields."""
    answer = recorded.run(UPLOAD)
    assert (answer.status, answer.json) == (200, {"message": True})


def test_info_prints_infinity_as_the_page_does(shell: Shell) -> None:
    """A bare word, which is no JSON, and which the clients of that page read."""
    answer = shell.run(INFO)
    assert answer.status == 200
    text = "".join(answer.text.split())
    assert '"action_space":"Discrete(2)"' in text
    assert '"low":[-4.8,-Infinity,-0.41887903,-Infinity]' in text
    assert '"high":[4.8,Infinity,0.41887903,Infinity]' in text
    assert '"shape":[4]' in text
    assert set(answer.json) == {"action_space", "observation_space"}


@pytest.mark.parametrize("folder", ["rendered", "simulation", "logs"])
@pytest.mark.usefixtures("picture")
def test_the_artifacts_are_listed_on_the_second_port(server: Server, shell: Shell, folder: str) -> None:
    """A page for people at the address that the page gives."""
    listing = server.files.get(f"/{shell.instance_id}/{folder}/")
    assert listing.status_code == 200
    assert listing.headers["Content-Type"].startswith("text/html")
    assert folder in listing.text
    assert ("1.png" in listing.text) == (folder == "rendered")


def test_the_live_view_is_where_the_page_says(server: Server, shell: Shell) -> None:
    """A page that shows the instance named in its query."""
    live = server.files.get("/render.html", params={"instance_id": shell.instance_id})
    assert live.status_code == 200
    assert live.headers["Content-Type"].startswith("text/html")
