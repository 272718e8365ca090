"""What SQLite and Postgres have in common: the statements. How one connects, waits and fails is in their own files."""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sallet.stores._errors import FORMAT, EmptyError, StoreError, already, checked, named, newer_format
from sallet.stores._interface import Add, Change, Delta, Entry, Expire, Revoke, Row, Worker

if TYPE_CHECKING:
    from typing_extensions import Self

_COLUMNS = "id, principal, scopes, digest, not_before, not_after"
_MOST_CHANGES = 50_000
"""A worker that is further behind loads anew."""
_HISTORY = 10_000
"""Versions whose stamp is kept. A worker that is further behind loads anew."""


class SqlStore(ABC):
    """A store that keeps keys in the tables of `schema/`. Statements are written with `?`."""

    name: str
    _SCHEMA: str
    #: Seconds since 1970 by the clock of the store.
    _NOW: str

    def __init__(self, url: str) -> None:
        self._url = url
        # The version given out last, and the stamp of whoever wrote it.
        self._known: tuple[int, str | None] = (-1, None)

    # What each of the two gives.

    @abstractmethod
    def _asking(self) -> AbstractContextManager[None]:
        """Bounds the time that is in it, and makes a `StoreError` of what the driver raises."""

    @abstractmethod
    def _writing(self, *, make: bool = False) -> AbstractContextManager[None]:
        """A transaction that is durable when it ends well, and undone when it does not; `make` what it needs."""

    @abstractmethod
    def _do(self, sql: str, *values: object) -> tuple[list[tuple[Any, ...]], int]:
        """Runs one statement; its rows, and how many it has changed."""

    @abstractmethod
    def _stream(self, sql: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows of one statement, some at a time."""

    @abstractmethod
    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Puts rows of `_COLUMNS`, created and version into `sallet_keys`; raises `Taken` if an id or digest is there."""

    @abstractmethod
    def _lock(self) -> tuple[int, int] | None:
        """Format and version, locked until the transaction ends; `None` if there are no tables."""

    @abstractmethod
    def _migrate(self) -> None:
        """Runs `schema/`."""

    def _announce(self, version: int) -> None:
        """Tells workers that wait, once the transaction has ended well."""

    def fresh(self) -> Self:
        other = type(self)(self._url)
        other._known = self._known
        return other

    def before_fork(self) -> None:
        """A child leaves the sockets of its parent alone."""

    def after_fork(self) -> None: ...

    # What workers need.

    def load(self, *, prepared: bool = True) -> tuple[int, Iterable[Row]]:
        with self._asking():
            version, stamp = self._newest()
        # In this order: the rows are those of this version or a later one.
        self._known = (version, stamp)
        return version, self._rows()

    def _rows(self) -> Iterator[Row]:
        # Plain tuples: whatever was done to the tables, the keyring takes each row by itself or not at all.
        for rows in self._stream(f"SELECT {_COLUMNS} FROM sallet_keys WHERE revoked IS NULL"):
            yield from rows  # type: ignore[misc]

    def changes(self, since: int) -> tuple[int, Sequence[Delta]] | None:
        if since != self._known[0]:
            return None
        with self._asking():
            found, _ = self._do(
                "SELECT format, version, (SELECT stamp FROM sallet_history WHERE version = ?),"
                " (SELECT stamp FROM sallet_history h WHERE h.version = s.version) FROM sallet_store s",
                since,
            )
            version, then, stamp = self._read(found)
            if then != self._known[1] or version < since:
                return None
            if version == since:
                return version, ()
            rows, _ = self._do(
                f"SELECT {_COLUMNS}, revoked FROM sallet_keys WHERE version > ? LIMIT {_MOST_CHANGES + 1}", since
            )
        if len(rows) > _MOST_CHANGES:
            return None
        self._known = (version, stamp)
        return version, [_delta(row) for row in rows]

    def _newest(self) -> tuple[int, str | None]:
        found, _ = self._do(
            "SELECT format, version, NULL, (SELECT stamp FROM sallet_history h WHERE h.version = s.version) FROM sallet_store s"
        )
        version, _, stamp = self._read(found)
        return version, stamp

    def _read(self, found: list[tuple[Any, ...]]) -> tuple[int, str | None, str | None]:
        if not found:
            raise EmptyError(self.name)
        layout, version, then, stamp = found[0]
        if layout != FORMAT:
            raise newer_format(self.name, layout)
        return version, then, stamp

    def used(self, times: Mapping[str, int]) -> None:
        with self._asking(), self._writing():
            for identity, at in sorted(times.items()):  # in one order, or two workers lock each other out
                self._do(
                    "INSERT INTO sallet_used (id, at) SELECT id, ? FROM sallet_keys WHERE id = ?"
                    " ON CONFLICT (id) DO UPDATE SET at = excluded.at WHERE excluded.at > sallet_used.at",
                    at,
                    identity,
                )

    def report(self, worker: str, version: int, max_stale: float) -> None:
        with self._asking():
            self._do(
                f"INSERT INTO sallet_workers (worker, version, max_stale, seen) VALUES (?, ?, ?, {self._NOW}) ON CONFLICT (worker)"
                " DO UPDATE SET version = excluded.version, max_stale = excluded.max_stale, seen = excluded.seen",
                worker,
                version,
                max_stale,
            )

    def leave(self, worker: str) -> None:
        with self._asking():
            self._do("DELETE FROM sallet_workers WHERE worker = ?", worker)

    def workers(self) -> Mapping[str, Worker]:
        with self._asking():
            rows, _ = self._do(f"SELECT worker, version, {self._NOW} - seen, max_stale FROM sallet_workers")
        # A clock of the store that was put back makes nobody dead.
        return {name: Worker(version, max(0.0, silent), most) for name, version, silent, most in rows if silent < most}

    # What the command line needs.

    def entries(self) -> Iterator[Entry]:
        with self._asking():
            self._newest()
        for rows in self._stream(
            "SELECT k.id, k.principal, k.scopes, k.not_before, k.not_after, k.created, u.at, k.revoked"
            " FROM sallet_keys k LEFT JOIN sallet_used u ON u.id = k.id ORDER BY k.id"
        ):
            yield from map(Entry._make, rows)

    def write(self, changes: Sequence[Change]) -> int:
        changes = checked(changes)
        try:
            adds = any(isinstance(change, Add) for change in changes)
            with self._asking(), self._writing(make=adds):
                locked = self._lock()
                if locked is None:
                    if not adds:
                        raise EmptyError(self.name)
                    self._migrate()
                    locked = self._lock() or (FORMAT, 0)
                layout, version = locked
                if layout != FORMAT:
                    raise newer_format(self.name, layout)
                if not self._apply(changes, version + 1):
                    return version
                version += 1
                self._do("UPDATE sallet_store SET version = ?", version)
                self._do("INSERT INTO sallet_history (version, stamp) VALUES (?, ?)", version, secrets.token_hex(8))
                self._do("DELETE FROM sallet_history WHERE version <= ?", version - _HISTORY)
                self._do(f"DELETE FROM sallet_workers WHERE {self._NOW} - seen > max_stale + 60")
                self._announce(version)
            return version
        except Taken:
            raise self._taken([change.row for change in changes if isinstance(change, Add)]) from None

    def _apply(self, changes: Sequence[Change], version: int) -> bool:
        """Whether anything is different now."""
        now = int(time.time())
        changed = False
        if rows := [(*change.row, now, version) for change in changes if isinstance(change, Add)]:
            self._insert(rows)
            changed = True
        for change in changes:
            if isinstance(change, Revoke):
                _, count = self._do(
                    "UPDATE sallet_keys SET revoked = ?, version = ? WHERE id = ? AND revoked IS NULL", now, version, change.id
                )
                if not count:
                    self._state(change.id)
            elif isinstance(change, Expire):
                _, count = self._do(
                    "UPDATE sallet_keys SET not_after = ?, version = ? WHERE id = ? AND revoked IS NULL"
                    " AND (not_before IS NULL OR not_before <= ?)",
                    change.not_after,
                    version,
                    change.id,
                    change.not_after,
                )
                if not count:
                    if self._state(change.id) is not None:
                        raise StoreError(f"key {named(change.id)} was revoked: it has ended already")
                    raise StoreError(f"key {named(change.id)} would end before it begins: revoke it instead")
            else:
                continue
            changed = changed or bool(count)
        return changed

    def _state(self, identity: str) -> int | None:
        """When a key was revoked."""
        rows, _ = self._do("SELECT revoked FROM sallet_keys WHERE id = ?", identity)
        if not rows:
            raise StoreError(f"there is no key {named(identity)} in {self.name}: sallet keys list shows those that are")
        revoked: int | None = rows[0][0]
        return revoked

    def _taken(self, rows: Sequence[Row]) -> StoreError:
        """Which of these rows is there already."""
        with self._asking():
            for row in rows:
                found, _ = self._do("SELECT id, revoked FROM sallet_keys WHERE id = ? OR digest = ? LIMIT 1", row.id, row.digest)
                if found:
                    return already(row.id, found[0][0], found[0][1] is not None)
        return StoreError(f"{self.name}: another writer has added or removed one of these keys just now: try again")


class Taken(Exception):
    """An id or a digest is there already."""


def schema(name: str) -> str:
    return (Path(__file__).parent / "schema" / name).read_text("utf-8")


def _delta(row: tuple[Any, ...]) -> Delta:
    *fields, revoked = row
    return fields[0], None if revoked is not None else Row._make(fields)
