"""The evaluations of all uploads, in SQLite: each is on disk before `add` returns, and outlives any kill.

One thread owns the connection, so there is one writer and the loop never waits for a disk. The schema's version is
SQLite's `user_version`: a step of `MIGRATIONS` brings an older file up by one. Keys are kept as salted scrypt hashes.
"""

import asyncio
import contextlib
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from gateway.evaluation import Evaluation, Forwarded
from protocol.errors import NotFound

FILE_NAME = "scoreboard.sqlite3"
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE evaluations (
            evaluation_id TEXT PRIMARY KEY,
            created_at TEXT NOT NULL,
            env_id TEXT NOT NULL,
            algorithm_id TEXT,
            best_100_episode_mean REAL,
            episodes_to_solve INTEGER,
            document BLOB NOT NULL,
            key_hash TEXT
        ) STRICT""",
        "CREATE INDEX evaluations_by_rank ON evaluations (env_id, best_100_episode_mean DESC)",
    ),
    (
        """CREATE TABLE forwards (
            evaluation_id TEXT PRIMARY KEY REFERENCES evaluations,
            state TEXT NOT NULL,
            at TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            last_error TEXT,
            due_at REAL NOT NULL
        ) STRICT""",
        "CREATE INDEX forwards_by_time ON forwards (due_at) WHERE state = 'pending'",
    ),
)
"""The statements of each step, the first from an empty file to version 1. What was released is never changed."""

_SELECT = """
    SELECT document, state, at, attempts, last_error, due_at FROM evaluations LEFT JOIN forwards USING (evaluation_id)
"""
_RANKED = f"""{_SELECT}
    WHERE (:env_id IS NULL OR env_id = :env_id) AND (:algorithm_id IS NULL OR algorithm_id = :algorithm_id)
    ORDER BY env_id, best_100_episode_mean DESC NULLS LAST, episodes_to_solve ASC NULLS LAST, created_at, evaluation_id
    LIMIT :limit OFFSET :offset
"""
_ENVIRONMENTS = """
    SELECT env_id, count(*), max(best_100_episode_mean) FROM evaluations
    WHERE :algorithm_id IS NULL OR algorithm_id = :algorithm_id GROUP BY env_id ORDER BY env_id
"""
_NEXT_FORWARD = f"{_SELECT} WHERE state = 'pending' ORDER BY due_at LIMIT 1"
_INSERT = """
    INSERT INTO evaluations VALUES (
        :evaluation_id, :created_at, :env_id, :algorithm_id, :best_100_episode_mean, :episodes_to_solve, :document,
        :key_hash
    )
"""
_FORWARD = """
    REPLACE INTO forwards (evaluation_id, state, at, attempts, last_error, due_at)
    VALUES (:evaluation_id, :state, :at, :attempts, :last_error, :due_at)
"""
_COLUMNS = (
    "evaluation_id", "created_at", "env_id", "algorithm_id", "best_100_episode_mean", "episodes_to_solve",
)  # fmt: skip
_BUSY_S = 5.0
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
_decode = msgspec.json.Decoder(Evaluation).decode
T = TypeVar("T")


class Ranked(msgspec.Struct, frozen=True):
    """An environment, how many evaluations it has, and the best mean of 100 episodes among them."""

    env_id: str
    evaluations: int
    best_100_episode_mean: float | None


class Scoreboard:
    """The evaluations below a data directory; get one from `open`."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    @classmethod
    async def open(cls, path: Path) -> Self:
        """The scoreboard in the file at `path`, which is there and of the newest version.

        Raises:
            SchemaTooNew: a later version of this program has written the file.
            sqlite3.Error: it is no database, or cannot be written.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scoreboard")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, connect, path)
        except BaseException:
            thread.shutdown()
            raise
        return cls(connection, thread)

    async def add(self, evaluation: Evaluation, api_key: str | None = None) -> None:
        """The evaluation is on disk, with a hash of the key that it was uploaded with.

        If it is to be `forwarded`, then that is on disk with it, and due at once.
        """
        await self._run(lambda: self._add(evaluation, api_key))

    async def find(self, evaluation_id: str) -> Evaluation:
        """The evaluation of that id.

        Raises:
            NotFound: there is none.
        """
        select = f"{_SELECT} WHERE evaluation_id = ?"
        row = await self._run(lambda: self._connection.execute(select, (evaluation_id,)).fetchone())
        if row is None:
            raise NotFound(f"there is no evaluation {evaluation_id}")
        return _read(row)

    async def ranked(
        self, env_id: str | None = None, algorithm_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Evaluation]:
        """Evaluations environment by environment, the best of each first; those without a mean come last."""
        values = {"env_id": env_id, "algorithm_id": algorithm_id, "limit": limit, "offset": offset}
        return await self._run(lambda: [_read(row) for row in self._connection.execute(_RANKED, values)])

    async def environments(self, algorithm_id: str | None = None) -> list[Ranked]:
        """The environments that `ranked` finds evaluations of, in its order."""
        values = {"algorithm_id": algorithm_id}
        return await self._run(lambda: [Ranked(*row) for row in self._connection.execute(_ENVIRONMENTS, values)])

    async def next_forward(self) -> tuple[Evaluation, float] | None:
        """The evaluation that is to be forwarded next, and when, in seconds since 1970; None if none is."""
        row = await self._run(lambda: self._connection.execute(_NEXT_FORWARD).fetchone())
        return row and (_read(row), row[-1])

    async def note_forward(self, evaluation_id: str, forwarded: Forwarded, due_at: float) -> None:
        """What became of an attempt to forward the evaluation is on disk, and when the next one is due."""
        await self._run(lambda: self._forward(evaluation_id, forwarded, due_at))

    async def close(self) -> None:
        """The file is closed, everything before done."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    def _add(self, evaluation: Evaluation, api_key: str | None) -> None:
        columns = {name: getattr(evaluation, name) for name in _COLUMNS}
        document = msgspec.json.encode(msgspec.structs.replace(evaluation, forwarded=None))
        rest = {"document": document, "key_hash": hash_key(api_key) if api_key else None}
        with _transaction(self._connection):
            self._connection.execute(_INSERT, columns | rest)
            if evaluation.forwarded:
                self._forward(evaluation.evaluation_id, evaluation.forwarded, due_at=time.time())

    def _forward(self, evaluation_id: str, forwarded: Forwarded, due_at: float) -> None:
        row = msgspec.structs.asdict(forwarded) | {"evaluation_id": evaluation_id, "due_at": due_at}
        self._connection.execute(_FORWARD, row)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


class SchemaTooNew(Exception):
    """The file was written by a later version of this program, which this one would damage."""


def connect(path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> sqlite3.Connection:
    """A connection to the file at `path`, brought up to the newest version; every statement commits by itself.

    Raises:
        SchemaTooNew, sqlite3.Error: as `Scoreboard.open` does.
    """
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit is on the disk when it returns, also if the machine loses its power.
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    with _transaction(connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise SchemaTooNew(f"the scoreboard has schema {version}, and this program knows {len(migrations)}")
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what is executed meanwhile is on disk."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def _read(row: tuple[Any, ...]) -> Evaluation:
    """The evaluation of a row that `_SELECT` has found."""
    document, state, at, attempts, last_error, _ = row
    evaluation = _decode(document)
    if state is None:
        return evaluation
    return msgspec.structs.replace(evaluation, forwarded=Forwarded(state, at, attempts, last_error))


def hash_key(api_key: str) -> str:
    """The key's scrypt hash (RFC 7914) under a salt of its own, with the parameters that made it."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(api_key.encode("utf-8", "surrogatepass"), salt=salt, **_SCRYPT)
    return f"scrypt${_SCRYPT['n']}${_SCRYPT['r']}${_SCRYPT['p']}${salt.hex()}${digest.hex()}"
