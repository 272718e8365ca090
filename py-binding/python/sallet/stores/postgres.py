"""Keys in PostgreSQL, by psycopg 3."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sallet.stores._errors import EmptyError, SetupError, StoreError, extra_is_missing, shown
from sallet.stores._sql import SqlStore, Taken, schema

try:
    import psycopg
    from psycopg import errors
except ImportError as _missing:
    raise extra_is_missing("postgres", "PostgreSQL") from _missing

__all__ = ["PostgresStore"]

_PATIENCE = 5
"""Seconds that one exchange with the server may take."""
_LONG = 600.0
"""Seconds that a write may take, which may add a million keys."""
_CHUNK = 2000
_CHANNEL = "sallet"
_LOCK_OF_SCHEMA = 0x53616C6C6574  # "Sallet"


class PostgresStore(SqlStore):
    """`postgresql://user:password@host:5432/database?sslmode=verify-full`, and all else that libpq reads in a URL.

    Several hosts, `postgresql://a,b/keys?target_session_attrs=read-write`, are tried in turn: that is failover. Another
    schema than the default one is chosen by `?options=-csearch_path=name`. Pushed changes need a session (LISTEN); behind a pooler
    that has none, workers find changes by asking.
    """

    _SCHEMA = "postgres.sql"
    _NOW = "extract(epoch FROM clock_timestamp())::float8"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.name: str = shown(url)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._listens = False
        self._patience = float(_PATIENCE)
        try:
            ports = psycopg.conninfo.conninfo_to_dict(url).get("port", "")
            if not all(port.isdecimal() for port in str(ports).split(",") if port):
                raise psycopg.ProgrammingError
        except psycopg.ProgrammingError:
            # Its words may hold a password.
            raise SetupError(
                "the URL of PostgreSQL cannot be read: write postgresql://user:password@host:5432/database, and a character of"
                " the password that is no letter or digit as % and its two hex digits"
            ) from None

    def wait(self, timeout: float) -> None:
        with self._asking():
            connection = self._open()
            if not self._listens:
                threading.Event().wait(timeout)
                return
            for _ in connection.notifies(timeout=timeout, stop_after=1):
                pass

    def interrupt(self) -> None:
        if self._connection is not None:
            _cut(self._connection)

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            broken = self._connection is None or self._connection.closed or isinstance(error, psycopg.OperationalError)
            if broken:
                self.close()
            raise self._sentence(error) from None
        except OSError as error:
            self.close()
            raise StoreError(f"{self.name}: {error.strerror or type(error).__name__}") from None

    @contextmanager
    def _bounded(self, seconds: float) -> Iterator[None]:
        """libpq waits for ever for a server that has stopped: after so long, the connection is cut."""
        connection = self._connection
        timer = threading.Timer(seconds, _cut, [connection])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _sentence(self, error: psycopg.Error) -> StoreError:
        """What libpq says may hold what was in the URL, so only the kind of the error is told."""
        if isinstance(error, (errors.UndefinedTable, errors.InvalidSchemaName)):
            return EmptyError(self.name)
        if isinstance(error, (errors.InvalidPassword, errors.InvalidAuthorizationSpecification)) or "password" in str(error):
            # A server that refuses a connection tells its state in words alone.
            return SetupError(f"{self.name}: the user or the password is refused: see those in the URL, or ~/.pgpass")
        if isinstance(error, errors.InvalidCatalogName) or "does not exist" in str(error) and error.sqlstate is None:
            return SetupError(f"{self.name}: there is no such database or user: create it, or see the URL")
        if isinstance(error, errors.InsufficientPrivilege):
            return SetupError(f"{self.name}: this user may not do that: sallet/stores/{self._SCHEMA} in schema/ says what to GRANT")
        if isinstance(error, errors.ReadOnlySqlTransaction):
            return StoreError(f"{self.name}: this server is a standby: add target_session_attrs=read-write to the URL, with all hosts")
        if isinstance(error, errors.DiskFull):
            return StoreError(f"{self.name}: the disk of the server is full, and nothing was written: make room")
        if isinstance(error, psycopg.OperationalError):
            return StoreError(f"{self.name}: no answer: see that PostgreSQL runs there and that host, port and sslmode are right")
        return StoreError(f"{self.name}: {type(error).__name__} ({error.sqlstate})")

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        # connect_timeout counts for each address; a server that takes the connection and says nothing is in it.
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_PATIENCE,
            application_name="sallet",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=_PATIENCE * 1000,
        )
        # Between two transactions of which each waits for the other's lock.
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        self._connection = connection
        try:
            with self._bounded(_PATIENCE):
                connection.execute(f"LISTEN {_CHANNEL}")
            self._listens = True
        except (errors.ReadOnlySqlTransaction, errors.ObjectNotInPrerequisiteState, errors.FeatureNotSupported):
            self._listens = False  # a standby: it hears nothing, and is asked
        return connection

    def _do(self, sql: str, *values: object) -> tuple[list[tuple[Any, ...]], int]:
        connection = self._open()
        with self._bounded(self._patience):
            cursor = connection.execute(sql.replace("?", "%s"), values)
            rows = cursor.fetchall() if cursor.description is not None else []
        return rows, cursor.rowcount

    def _stream(self, sql: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        with self._asking():
            connection = self._open()
            with connection.transaction(), connection.cursor(name="sallet", binary=True) as cursor:
                with self._bounded(_PATIENCE * 6):
                    cursor.execute(sql)
                while True:
                    # Small, because the interpreter's lock is held while rows are made.
                    with self._bounded(_PATIENCE):
                        rows = cursor.fetchmany(_CHUNK)
                    if not rows:
                        return
                    yield rows

    @contextmanager
    def _writing(self, *, make: bool = False) -> Iterator[None]:
        connection = self._open()
        try:
            with connection.transaction():
                # Where this was switched off for speed: what is confirmed must be on the disk.
                self._do("SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'")
                self._patience = _LONG
                yield
        finally:
            self._patience = float(_PATIENCE)

    def _lock(self) -> tuple[int, int] | None:
        if self._do("SELECT to_regclass('sallet_store')")[0][0][0] is None:
            return None
        rows, _ = self._do("SELECT format, version FROM sallet_store FOR UPDATE")
        return rows[0] if rows else None

    def _migrate(self) -> None:
        # Two that come first at once would each find no table and create it.
        self._do("SELECT pg_advisory_xact_lock(?)", _LOCK_OF_SCHEMA)
        with self._bounded(_LONG):
            self._open().execute(schema(self._SCHEMA))

    def _announce(self, version: int) -> None:
        self._do("SELECT pg_notify(?, ?)", _CHANNEL, str(version))

    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        columns = "id, principal, scopes, digest, not_before, not_after, created, version"
        try:
            with self._bounded(_LONG), self._open().cursor() as cursor:
                with cursor.copy(f"COPY sallet_keys ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(["text", "text", "text", "bytea", "int8", "int8", "int8", "int8"])
                    for row in rows:
                        copy.write_row(row)
        except errors.UniqueViolation:
            raise Taken from None


def _cut(connection: psycopg.Connection[Any] | None) -> None:
    """Ends what a thread waits for on this connection."""
    with suppress(OSError, psycopg.Error):
        if connection is not None and not connection.closed:
            with socket.socket(fileno=os.dup(connection.fileno())) as twin:
                twin.shutdown(socket.SHUT_RDWR)
