"""The scoreboard: what was added is there for good, best first, and its keys are not."""

import asyncio
import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.evaluation import Evaluation, Point, Video
from gateway.scoreboard import MIGRATIONS, SchemaTooNew, Scoreboard, connect, hash_key
from protocol.errors import NotFound
from tests.server import ROOT


def evaluation(number: int = 0, mean: float | None = 10.0, **fields: Any) -> Evaluation:
    """An evaluation with this mean; the other fields tell it from the next number's."""
    made = Evaluation(
        evaluation_id=f"eval_{number:016x}",
        instance_id="ce2dbb50",
        env_id="CartPole-v1",
        algorithm_id="lqr",
        writeup="# How\n\nIt balances — 猫.",
        created_at=f"2026-01-01T00:00:{number:02}.000Z",
        episodes=200,
        steps=12_345,
        best_100_episode_mean=mean,
        episodes_to_solve=None,
        learning_curve=[Point(100, 6_000, 1.5, 9.5), Point(200, 12_345, 3.25, None)],
        videos=[Video(0, "/ce2dbb50/simulation/openaigym.video.0.1.video000000.mp4", "video/mp4")],
        archive="/ce2dbb50/archives/eval.tar.gz",
    )
    return msgspec.structs.replace(made, **fields)


@pytest.fixture
async def scoreboard(tmp_path: Path) -> AsyncIterator[Scoreboard]:
    """An empty scoreboard."""
    opened = await Scoreboard.open(tmp_path / "scoreboard.sqlite3")
    yield opened
    await opened.close()


async def ids(scoreboard: Scoreboard, **query: Any) -> list[int]:
    """The numbers of the evaluations that a query finds, in its order."""
    return [int(found.evaluation_id[5:], 16) for found in await scoreboard.ranked(**query)]


async def test_an_evaluation_is_found_as_it_was_added(scoreboard: Scoreboard) -> None:
    """Every field, those that are null too."""
    for number, one in enumerate([evaluation(), evaluation(1, None, algorithm_id=None, writeup=None, videos=[])]):
        await scoreboard.add(one, "key")
        assert await scoreboard.find(f"eval_{number:016x}") == one


async def test_an_evaluation_that_nobody_added_is_not_found(scoreboard: Scoreboard) -> None:
    """Whatever the id looks like."""
    for wrong in ("eval_0", "", "' OR 1 = 1 --"):
        with pytest.raises(NotFound):
            await scoreboard.find(wrong)


async def test_the_best_come_first(scoreboard: Scoreboard) -> None:
    """By mean, then by how soon it was solved, then by who was earlier; those without a mean come last."""
    await scoreboard.add(evaluation(0, None))
    await scoreboard.add(evaluation(1, 480.0, episodes_to_solve=None))
    await scoreboard.add(evaluation(2, 480.0, episodes_to_solve=7))
    await scoreboard.add(evaluation(3, 480.0, episodes_to_solve=0))
    await scoreboard.add(evaluation(4, 500.0, episodes_to_solve=90))
    await scoreboard.add(evaluation(5, -3.5))
    await scoreboard.add(evaluation(6, 480.0, episodes_to_solve=0))
    assert await ids(scoreboard) == [4, 3, 6, 2, 1, 5, 0]


async def test_environments_are_not_compared_with_each_other(scoreboard: Scoreboard) -> None:
    """Their evaluations come one environment after the other."""
    await scoreboard.add(evaluation(0, -100.0, env_id="Acrobot-v1"))
    await scoreboard.add(evaluation(1, 500.0))
    await scoreboard.add(evaluation(2, -80.0, env_id="Acrobot-v1"))
    assert await ids(scoreboard) == [2, 0, 1]


async def test_evaluations_can_be_asked_for_by_environment_and_algorithm(scoreboard: Scoreboard) -> None:
    """Page by page."""
    for number in range(12):
        env_id, algorithm_id = ("A-v0", "B-v0")[number % 2], ("x", "y", None)[number % 3]
        await scoreboard.add(evaluation(number, float(number), env_id=env_id, algorithm_id=algorithm_id))
    assert await ids(scoreboard, env_id="A-v0") == [10, 8, 6, 4, 2, 0]
    assert await ids(scoreboard, algorithm_id="x") == [6, 0, 9, 3]
    assert await ids(scoreboard, env_id="B-v0", algorithm_id="y") == [7, 1]
    assert await ids(scoreboard, limit=3, offset=2) == [6, 4, 2]
    assert await ids(scoreboard, env_id="C-v0") == []


async def test_many_at_once_are_all_added(scoreboard: Scoreboard) -> None:
    """One after the other, by the one thread that has the file."""
    await asyncio.gather(*(scoreboard.add(evaluation(number)) for number in range(50)))
    assert await ids(scoreboard) == list(range(50))


async def test_the_same_evaluation_cannot_be_added_twice(scoreboard: Scoreboard) -> None:
    """The first stays as it is."""
    await scoreboard.add(evaluation())
    with pytest.raises(sqlite3.IntegrityError):
        await scoreboard.add(evaluation(0, 99.0))
    assert (await scoreboard.find("eval_0000000000000000")).best_100_episode_mean == 10.0


async def test_what_was_added_outlives_the_server(tmp_path: Path) -> None:
    """Opened again, it is all there."""
    for number in range(3):
        opened = await Scoreboard.open(tmp_path / "scoreboard.sqlite3")
        await opened.add(evaluation(number))
        assert len(await opened.ranked()) == number + 1
        await opened.close()


UPLOADER = """
import asyncio, sys
from pathlib import Path
from gateway.scoreboard import Scoreboard
from tests.gateway.test_scoreboard import evaluation

async def main() -> None:
    scoreboard = await Scoreboard.open(Path(sys.argv[1]))
    await scoreboard.add(evaluation(int(sys.argv[2])), "key")
    print("added", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def add_and_be_killed(path: Path, number: int) -> None:
    """A process of its own has added the evaluation, and was killed the moment it said so."""
    command = [sys.executable, "-c", UPLOADER, str(path), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "added\n"
        process.send_signal(signal.SIGKILL)


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """A few times over on the same file."""
    path = tmp_path / "scoreboard.sqlite3"
    for number in range(3):
        add_and_be_killed(path, number)
        opened = await Scoreboard.open(path)
        assert await ids(opened) == list(range(number + 1))
        await opened.close()


async def test_a_key_is_kept_as_a_salted_hash_alone(tmp_path: Path) -> None:
    """No byte of it is in any of the files, nobody else may read them, and the hash can be checked."""
    opened = await Scoreboard.open(tmp_path / "scoreboard.sqlite3")
    await opened.add(evaluation(0), "sk_0123456789abcdef")
    await opened.add(evaluation(1), "sk_0123456789abcdef")
    await opened.add(evaluation(2), None)
    files = list(tmp_path.iterdir())
    assert len(files) == 3
    for file in files:
        assert b"0123456789abcdef" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
    await opened.close()
    reader = sqlite3.connect(tmp_path / "scoreboard.sqlite3")
    hashes = [row[0] for row in reader.execute("SELECT key_hash FROM evaluations ORDER BY evaluation_id")]
    reader.close()
    assert hashes[0] != hashes[1]
    assert hashes[2] is None


def test_a_hash_says_how_it_was_made() -> None:
    """So that a key can be checked against it for ever."""
    kind, n, r, p, salt, digest = hash_key("ключ").split("$")
    again = hashlib.scrypt("ключ".encode(), salt=bytes.fromhex(salt), n=int(n), r=int(r), p=int(p))
    assert (kind, again.hex()) == ("scrypt", digest)


def test_every_commit_reaches_the_disk_and_readers_do_not_wait(tmp_path: Path) -> None:
    """WAL and synchronous = FULL, and the schema's version is in the file."""
    connection = connect(tmp_path / "scoreboard.sqlite3")
    pragmas = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    assert pragmas == ["wal", 2]
    assert version == len(MIGRATIONS) == 2


def test_an_older_file_is_brought_up_to_the_newest_version(tmp_path: Path) -> None:
    """Only by the steps that it lacks, and with what it held."""
    path = tmp_path / "scoreboard.sqlite3"
    first = ("CREATE TABLE kept (name TEXT)", "INSERT INTO kept VALUES ('old')")
    second = ("ALTER TABLE kept ADD COLUMN score REAL DEFAULT 1.5",)
    connect(path, [first]).close()
    upgraded = connect(path, [first, second])
    assert upgraded.execute("SELECT * FROM kept").fetchall() == [("old", 1.5)]
    assert upgraded.execute("PRAGMA user_version").fetchone() == (2,)
    upgraded.close()


async def test_evaluations_of_the_first_schema_are_read_by_this_one(tmp_path: Path) -> None:
    """That one could forward nothing, so none of them ever is."""
    path = tmp_path / "scoreboard.sqlite3"
    older = connect(path, MIGRATIONS[:1])
    columns = ("eval_0000000000000000", "2026-01-01T00:00:00.000Z", "CartPole-v1", "lqr", 10.0, None)
    document = {name: value for name, value in msgspec.to_builtins(evaluation()).items() if name != "forwarded"}
    older.execute(
        "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", (*columns, json.dumps(document).encode())
    )
    older.close()
    opened = await Scoreboard.open(path)
    assert await opened.ranked() == [evaluation()]
    assert await opened.next_forward() is None
    await opened.close()


def test_a_step_that_fails_leaves_the_older_version(tmp_path: Path) -> None:
    """Nothing of it is done, and the file can be opened by the program that wrote it."""
    path = tmp_path / "scoreboard.sqlite3"
    first = ("CREATE TABLE kept (name TEXT)",)
    connect(path, [first]).close()
    with pytest.raises(sqlite3.OperationalError):
        connect(path, [first, ("CREATE TABLE half (name TEXT)", "not a statement")])
    reopened = connect(path, [first])
    assert reopened.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
    reopened.close()


async def test_a_file_of_a_later_program_is_refused(tmp_path: Path) -> None:
    """It is left alone, and so is no thread behind."""
    path = tmp_path / "scoreboard.sqlite3"
    connect(path, [*MIGRATIONS, ()]).close()
    with pytest.raises(SchemaTooNew, match="schema 3, and this program knows 2"):
        await Scoreboard.open(path)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scoreboard")]


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it was."""
    path = tmp_path / "scoreboard.sqlite3"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        await Scoreboard.open(path)
    assert path.read_bytes() == b"no database" * 1000
