"""Keys in SQLite: one machine, no server."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from sallet.stores._errors import EmptyError, SetupError, StoreError
from sallet.stores._sql import SqlStore, Taken, schema

__all__ = ["SqliteStore"]

_PATIENCE = 5.0
"""Seconds to wait for another process that writes."""
_LOOK = 0.05
"""Seconds between two looks at whether another process has written. A look reads one page of shared memory."""
_CHUNK = 2000


class SqliteStore(SqlStore):
    """`sqlite:///keys.db` is a file in the working directory, `sqlite:////var/lib/app/keys.db` one anywhere.

    The file and its two companions (`-wal`, `-shm`) are on a local disk; every process that uses them
    may write them. A file that Sallet makes is its owner's alone.
    """

    _SCHEMA = "sqlite.sql"
    _NOW = "((julianday('now') - 2440587.5) * 86400.0)"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parts = urlsplit(url)
        if parts.netloc or len(parts.path) < 2 or parts.query or parts.fragment:
            raise SetupError("a file of SQLite is written sqlite:///keys.db, or sqlite:////var/lib/app/keys.db with its whole path")
        # Made absolute now: the working directory may be another one later.
        self._path = Path(unquote(parts.path[1:])).absolute()
        self.name: str = f"sqlite:///{self._path}"
        self._url = f"sqlite:///{quote(str(self._path))}"
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen = -1
        self._interrupted = threading.Event()
        self._using = threading.RLock()

    def wait(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        while True:
            with self._asking():
                if self._data_version() != self._seen:
                    return
            if self._interrupted.wait(max(0.0, min(_LOOK, end - time.monotonic()))) or time.monotonic() >= end:
                return

    def interrupt(self) -> None:
        self._interrupted.set()

    def before_fork(self) -> None:
        # SQLite remembers the locks of a process for each file, and a child has none of those that it remembers.
        self._using.acquire()
        self.close()

    def after_fork(self) -> None:
        self._using.release()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _data_version(self) -> int:
        return int(self._do("PRAGMA data_version")[0][0][0])

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with self._using:
                yield
        except sqlite3.Error as error:
            self.close()
            raise self._sentence(error) from None
        except OSError as error:
            self.close()
            raise StoreError(f"{self.name}: {error.strerror}: see that this process may read and write the file and its folder") from None

    def _sentence(self, error: sqlite3.Error) -> StoreError:
        text = str(error)
        if "no such table" in text:
            return EmptyError(self.name)
        if "locked" in text:
            return StoreError(f"{self.name}: another process has kept the file locked for {_PATIENCE:.0f} s: try again")
        if "full" in text or isinstance(error, sqlite3.OperationalError) and "I/O" in text:
            return StoreError(f"{self.name}: the disk is full or fails, and nothing was written: make room")
        if "readonly" in text or "unable to open" in text:
            return StoreError(f"{self.name}: this process may not write the file and its folder: change their owner or mode")
        if "not a database" in text or "malformed" in text:
            return StoreError(f"{self.name}: this is no file of SQLite, or a damaged one: put a copy back")
        return StoreError(f"{self.name}: {type(error).__name__}: {text}")

    def _open(self, make: bool = False) -> sqlite3.Connection:
        if self._connection is not None and self._file == self._there():
            return self._connection
        # Another file has taken its place, or none: what is held open is nobody's any more.
        self.close()
        if make and self._there() is None:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        if (there := self._there()) is None:
            raise EmptyError(self.name)
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        connection.text_factory = _text
        self._connection, self._file, self._seen = connection, there, -1
        if make:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        return connection

    def _there(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _do(self, sql: str, *values: object) -> tuple[list[tuple[Any, ...]], int]:
        cursor = self._open().execute(sql, values)
        return cursor.fetchall(), cursor.rowcount

    def changes(self, since: int) -> Any:
        with self._asking():
            # Before the rows are read: what is written meanwhile ends the next wait at once.
            self._seen = self._data_version()
        return super().changes(since)

    def report(self, worker: str, version: int, max_stale: float) -> None:
        with self._asking():
            # It need not outlive a power cut, and so waits for no disk.
            self._do("PRAGMA synchronous = NORMAL")
        super().report(worker, version, max_stale)

    def _stream(self, sql: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        with self._asking():
            cursor = self._open().execute(sql)
        while True:
            with self._asking():
                rows = cursor.fetchmany(_CHUNK)
            if not rows:
                return
            yield rows

    @contextmanager
    def _writing(self, *, make: bool = False) -> Iterator[None]:
        connection = self._open(make)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _lock(self) -> tuple[int, int] | None:
        # BEGIN IMMEDIATE has locked it.
        if not self._do("SELECT 1 FROM sqlite_master WHERE name = 'sallet_store'")[0]:
            return None
        rows, _ = self._do("SELECT format, version FROM sallet_store")
        return rows[0] if rows else None

    def _migrate(self) -> None:
        # executescript would commit the transaction.
        for statement in _statements(schema(self._SCHEMA)):
            self._do(statement)

    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._open().executemany(
                "INSERT INTO sallet_keys (id, principal, scopes, digest, not_before, not_after, created, version)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        except sqlite3.IntegrityError:
            raise Taken from None


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # A NUL is in no id and no name: the row is out of force, and the others are not.
        return "\0" + raw.decode(errors="replace")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
