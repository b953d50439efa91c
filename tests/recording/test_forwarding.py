"""`--upload-to`: uploads go on to the operator's endpoint, and each evaluation says how far that has come."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config import read_config
from gateway.evaluation import Evaluation, Forwarded
from gateway.forwarding import Forwarder
from gateway.scoreboard import Scoreboard
from tests.gateway.recordings import new_folder, record, upload
from tests.recording.endpoint import Endpoint, endpoint
from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server, running_server


@pytest.fixture
def taker() -> Iterator[Endpoint]:
    """An endpoint that takes everything, unless it is told otherwise."""
    with endpoint() as listening:
        yield listening


@pytest.fixture
def forwarding(tmp_path: Path, taker: Endpoint) -> Iterator[Server]:
    """A server that forwards to that endpoint, and for which nothing of that is a surprise."""
    with running_server(tmp_path, "--upload-to", taker.url) as running:
        yield running
    assert "Traceback" not in running.log


def uploaded(server: Server) -> Any:
    """The evaluation of a recording, as the upload was answered."""
    instance = RecordedInstance(server, "CartPole-v1", render_mode="rgb_array")
    instance.start()
    instance.play()
    instance.stop()
    return instance.upload(writeup="# How — 猫")


def forwarded(server: Server, evaluation: Any, state: str, attempts: int) -> Any:
    """What the evaluation says of its forwarding, as soon as it says this."""
    while True:
        said = server.http.get(f"/v2/scoreboard/{evaluation['evaluation_id']}").json()["forwarded"]
        if (said["state"], said["attempts"]) == (state, attempts):
            return said


def test_an_upload_is_forwarded(forwarding: Server, taker: Endpoint) -> None:
    """The evaluation as JSON and the very archive that the artifact port serves, in one form."""
    evaluation = uploaded(forwarding)
    said = evaluation.pop("forwarded")
    assert said == {"state": "pending", "at": evaluation["created_at"], "attempts": 0, "last_error": None}
    delivery = taker.next()
    assert delivery.path == "/recordings?from=tests"
    assert delivery.headers["Idempotency-Key"] == evaluation["evaluation_id"]
    assert delivery.evaluation == evaluation | {"forwarded": None}
    assert delivery.archive == forwarding.files.get(evaluation["archive"]).content
    assert delivery.filename == f"{evaluation['evaluation_id']}.tar.gz"
    said = forwarded(forwarding, evaluation, "done", 1)
    assert (said["last_error"], said["at"] > evaluation["created_at"]) == (None, True)


def test_what_was_not_taken_is_tried_again(forwarding: Server, taker: Endpoint) -> None:
    """The evaluation says why; the second attempt has the same key as the first."""
    taker.answers = [503]
    evaluation = uploaded(forwarding)
    keys = [taker.next().headers["Idempotency-Key"]]
    assert forwarded(forwarding, evaluation, "pending", 1)["last_error"] == "the endpoint answered 503"
    keys.append(taker.next().headers["Idempotency-Key"])
    assert forwarded(forwarding, evaluation, "done", 2)["last_error"] is None
    assert keys == [evaluation["evaluation_id"]] * 2


def test_a_redirect_is_not_followed(forwarding: Server, taker: Endpoint) -> None:
    """What the operator has not named is sent nothing."""
    taker.answers = [307]
    evaluation = uploaded(forwarding)
    taker.next()
    assert forwarded(forwarding, evaluation, "pending", 1)["last_error"] == "the endpoint answered 307"
    assert taker.next().path == "/recordings?from=tests"


def test_what_is_pending_outlives_a_kill_of_the_server(tmp_path: Path) -> None:
    """While nobody listens it waits; the next server sends it as soon as somebody does."""
    with endpoint() as gone:
        pass
    with running_server(tmp_path, "--upload-to", gone.url) as server:
        evaluation = uploaded(server)
        said = forwarded(server, evaluation, "pending", 1)
        assert said["last_error"] == "the endpoint cannot be reached: Connection refused"
        server.stop(signal.SIGKILL)
    with endpoint(gone.port) as taker, running_server(tmp_path, "--upload-to", taker.url) as server:
        assert taker.next().evaluation["evaluation_id"] == evaluation["evaluation_id"]
        assert forwarded(server, evaluation, "done", 2)
    with running_server(tmp_path) as server:
        assert forwarded(server, evaluation, "done", 2)["last_error"] is None
        assert uploaded(server)["forwarded"] is None


def test_an_endpoint_that_hangs_holds_up_nobody(forwarding: Server, taker: Endpoint) -> None:
    """Uploads are answered meanwhile, and the server ends when it should."""
    taker.gate.clear()
    first = uploaded(forwarding)
    taker.next()
    second = uploaded(forwarding)
    for evaluation in (first, second):
        assert forwarded(forwarding, evaluation, "pending", 0)["last_error"] is None
    assert forwarding.stop() == 0


def test_the_operators_secrets_stay_his(tmp_path: Path, taker: Endpoint) -> None:
    """The password in the address reaches the endpoint alone; the client's key reaches nobody."""
    taker.answers = [500]
    url = taker.url.replace("//", "//gym:pass-word@")
    with running_server(tmp_path, "--upload-to", url, "--log-level", "debug") as server:
        evaluation = uploaded(server)
        delivery = taker.next()
        assert delivery.headers["Authorization"] == "Basic Z3ltOnBhc3Mtd29yZA=="
        assert "sk_client" not in str(delivery)
        told = forwarded(server, evaluation, "pending", 1)
        assert str(taker.port) not in str(told)
        for secret in ("pass-word", "sk_client"):
            assert secret not in str(told)
            assert secret not in server.log


def test_a_client_cannot_name_an_endpoint(server: Server) -> None:
    """There is no field for it."""
    instance = RecordedInstance(server, "CartPole-v1")
    refused = instance.post("upload", api_key="k", upload_to="http://127.0.0.1:1/")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")


async def forward(
    data_dir: Path, taker: Endpoint, evaluations: list[Evaluation], delays_s: tuple[float, ...]
) -> list[Any]:
    """What each of them says at last, when none is pending any more."""
    scoreboard = await Scoreboard.open(data_dir / "scoreboard.sqlite3")
    for one in evaluations:
        await scoreboard.add(msgspec.structs.replace(one, forwarded=Forwarded("pending", one.created_at)))
    running = asyncio.create_task(Forwarder(scoreboard, data_dir, taker.url, delays_s).run())
    while await scoreboard.next_forward() is not None:
        assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    ended = [(await scoreboard.find(one.evaluation_id)).forwarded for one in evaluations]
    await scoreboard.close()
    return ended


async def test_attempts_are_bounded(tmp_path: Path, taker: Endpoint) -> None:
    """After the last it has failed for good, and those that come later are sent nevertheless."""
    record(new_folder(tmp_path), [1.0])
    taker.answers = [500, 404, 413, 500]
    (lost,) = await forward(tmp_path, taker, [upload(tmp_path)], (0.01, 0.02, 0.03))
    assert (lost.state, lost.attempts, lost.last_error) == ("failed", 4, "the endpoint answered 500")
    (taken,) = await forward(tmp_path, taker, [upload(tmp_path)], ())
    assert (taken.state, taken.attempts) == ("done", 1)
    keys = [taker.next().headers["Idempotency-Key"] for _ in range(5)]
    assert len(set(keys[:4])) == 1
    assert keys[4] != keys[0]
    assert taker.is_idle


@pytest.mark.parametrize("instead", ["nothing", "a link", "a folder"])
async def test_an_archive_that_is_gone_is_not_forwarded(tmp_path: Path, taker: Endpoint, instead: str) -> None:
    """Nor what an environment has put in its place; the others are."""
    record(new_folder(tmp_path), [1.0])
    gone, there = upload(tmp_path), upload(tmp_path)
    archive = tmp_path / gone.archive[1:]
    archive.unlink()
    if instead == "a link":
        archive.symlink_to(tmp_path / there.archive[1:])
    elif instead == "a folder":
        archive.mkdir()
    lost, taken = await forward(tmp_path, taker, [gone, there], (0.01,))
    assert (lost.state, lost.last_error) == ("failed", "the archive can no longer be read")
    assert taken.state == "done"
    assert taker.next().evaluation["evaluation_id"] == there.evaluation_id
    assert taker.is_idle


async def test_a_large_archive_is_sent_whole(tmp_path: Path, taker: Endpoint) -> None:
    """Piece by piece, as it is on the disk."""
    folder = new_folder(tmp_path)
    record(folder, [1.0], films=1)
    (folder / "openaigym.video.0.4711.video000000.mp4").write_bytes(bytes(range(256)) * 2**16)
    made = upload(tmp_path)
    path = tmp_path / made.archive[1:]
    path.write_bytes(path.read_bytes() + b"\0" * 2**25)
    assert [one.state for one in await forward(tmp_path, taker, [made], ())] == ["done"]
    assert taker.next().archive == path.read_bytes()


@pytest.mark.parametrize("address", ["example.org", "ftp://example.org/x", "http://", "http://[::1", "https://x:0/"])
def test_an_address_that_cannot_be_one_is_refused_at_the_start(address: str) -> None:
    """Before anything was uploaded."""
    with pytest.raises(SystemExit):
        read_config(["--upload-to", address], {})


def test_the_address_is_a_setting_like_any_other() -> None:
    """A flag or a variable; an empty one is none."""
    url = "https://example.org/uploads"
    assert read_config(["--upload-to", url], {}).upload_to == url
    assert read_config([], {"GYM_SERVER_UPLOAD_TO": url}).upload_to == url
    assert read_config([], {"GYM_SERVER_UPLOAD_TO": ""}).upload_to is None
