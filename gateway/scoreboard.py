"""The evaluations of all uploads, in SQLite: each is on disk before `add` returns, and outlives any kill.

One thread owns the connection, so there is one writer and the loop never waits for a disk. The schema's version is
SQLite's `user_version`: a step of `MIGRATIONS` brings an older file up by one. Keys are kept as salted scrypt hashes.
"""

import asyncio
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from gateway.evaluation import Evaluation
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
)
"""The statements of each step, the first from an empty file to version 1. What was released is never changed."""

_RANKED = """
    SELECT document FROM evaluations
    WHERE (:env_id IS NULL OR env_id = :env_id) AND (:algorithm_id IS NULL OR algorithm_id = :algorithm_id)
    ORDER BY env_id, best_100_episode_mean DESC NULLS LAST, episodes_to_solve ASC NULLS LAST, created_at, evaluation_id
    LIMIT :limit OFFSET :offset
"""
_INSERT = """
    INSERT INTO evaluations VALUES (
        :evaluation_id, :created_at, :env_id, :algorithm_id, :best_100_episode_mean, :episodes_to_solve, :document,
        :key_hash
    )
"""
_BUSY_S = 5.0
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
_decode = msgspec.json.Decoder(Evaluation).decode
T = TypeVar("T")


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
        """The evaluation is on disk, with a hash of the key that it was uploaded with."""
        await self._run(lambda: self._add(evaluation, api_key))

    async def find(self, evaluation_id: str) -> Evaluation:
        """The evaluation of that id.

        Raises:
            NotFound: there is none.
        """
        select = "SELECT document FROM evaluations WHERE evaluation_id = ?"
        row = await self._run(lambda: self._connection.execute(select, (evaluation_id,)).fetchone())
        if row is None:
            raise NotFound(f"there is no evaluation {evaluation_id}")
        return _decode(row[0])

    async def ranked(
        self, env_id: str | None = None, algorithm_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Evaluation]:
        """Evaluations environment by environment, the best of each first; those without a mean come last."""
        values = {"env_id": env_id, "algorithm_id": algorithm_id, "limit": limit, "offset": offset}
        rows = await self._run(lambda: self._connection.execute(_RANKED, values).fetchall())
        return [_decode(document) for (document,) in rows]

    async def close(self) -> None:
        """The file is closed, everything before done."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    def _add(self, evaluation: Evaluation, api_key: str | None) -> None:
        columns = {
            name: getattr(evaluation, name) for name in ("evaluation_id", "created_at", "env_id", "algorithm_id")
        }
        scores = {name: getattr(evaluation, name) for name in ("best_100_episode_mean", "episodes_to_solve")}
        rest = {"document": msgspec.json.encode(evaluation), "key_hash": hash_key(api_key) if api_key else None}
        self._connection.execute(_INSERT, columns | scores | rest)

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
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise SchemaTooNew(f"the scoreboard has schema {version}, and this program knows {len(migrations)}")
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def hash_key(api_key: str) -> str:
    """The key's scrypt hash (RFC 7914) under a salt of its own, with the parameters that made it."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(api_key.encode("utf-8", "surrogatepass"), salt=salt, **_SCRYPT)
    return f"scrypt${_SCRYPT['n']}${_SCRYPT['r']}${_SCRYPT['p']}${salt.hex()}${digest.hex()}"
