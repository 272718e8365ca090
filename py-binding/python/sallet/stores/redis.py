"""Keys in Redis, or Valkey, which speaks its protocol, by redis-py."""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sallet import _sallet
from sallet.stores._errors import (
    FORMAT,
    EmptyError,
    SetupError,
    StoreError,
    already,
    checked,
    extra_is_missing,
    named,
    newer_format,
    shown,
)
from sallet.stores._interface import Add, Change, Delta, Entry, Expire, Row, Worker

try:
    import redis
    from redis import exceptions
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as _missing:
    raise extra_is_missing("redis", "Redis") from _missing

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["RedisStore"]

_PATIENCE = 5.0
"""Seconds that Redis may be silent in an exchange."""
_KEPT = 100_000
"""Changes that the log keeps, about. A worker that is further behind loads anew."""
_MOST_CHANGES = 50_000
_BATCH = 5_000
"""Changes that are made in one step."""
_CHUNK = 1000
_PREPARE_AFTER = 20_000
"""Changes since the keys were last prepared for a start, after which a writer prepares them again."""
_LARGEST = 500 << 20
"""Redis keeps no longer value than 512 MiB."""

_PIECE = 1 << 20

_NAMES = ("format", "keys", "revoked", "digests", "log")
_HEADER = struct.Struct(">QQ16s")


def _key(name: str) -> str:
    # The braces put all of them into one slot of a cluster.
    return f"{{sallet}}:{name}"


class RedisStore:
    """`redis://user:password@host:6379/0`, `rediss://…?ssl_ca_certs=/etc/ca.pem` for TLS, the same with `valkey` and `valkeys`.

    All is under `{sallet}:` in the database that the URL names. Have Redis keep it: `appendonly yes`, and
    `maxmemory-policy noeviction`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name: str = shown(url)
        scheme, colon, rest = url.partition("://")
        scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
        try:
            # What it answers is bytes, because that is asked for; its types say that it may be anything.
            self._client: Any = redis.Redis.from_url(
                f"{scheme}{colon}{rest}",
                single_connection_client=False,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                max_connections=1,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
        except (ValueError, TypeError):
            # Its words may hold a password.
            raise SetupError(
                "the URL of Redis cannot be read: write redis://user:password@host:6379/0, and a character of the password that"
                " is no letter or digit as % and its two hex digits"
            ) from None
        folder = Path(__file__).parent / "schema"
        self._write = self._client.register_script((folder / "redis_write.lua").read_text("utf-8"))
        self._used = self._client.register_script((folder / "redis_used.lua").read_text("utf-8"))
        # The last entry of the log that was given out, and the stamp of whoever wrote it.
        self._known: tuple[int, bytes, bytes] = (-1, b"", b"")

    def fresh(self) -> Self:
        other = type(self)(self._url)
        other._known = self._known
        return other

    def before_fork(self) -> None:
        """A child leaves the sockets of its parent alone."""

    def after_fork(self) -> None: ...

    # What workers need.

    def load(self, *, prepared: bool = True) -> tuple[int, Iterable[Row] | bytes]:
        with self._asking():
            self._look_at_format()
            last = self._client.xrevrange(_key("log"), count=1)
            if not last:
                raise EmptyError(self.name)
            if prepared and (found := self._prepared()):
                return found
        identity, fields = last[0]
        # In this order: the rows are those of this version or a later one.
        self._known = (_version(identity), identity, fields[b"stamp"])
        return self._known[0], self._rows()

    def _prepared(self) -> tuple[int, bytes] | None:
        name = _key("prepared")
        header = self._client.getrange(name, 0, _HEADER.size - 1)
        if len(header) < _HEADER.size:
            return None
        version, place, stamp = _HEADER.unpack(header)
        identity = f"{version}-{place}".encode()
        at = self._client.xrange(_key("log"), identity, identity)
        if not at or at[0][1].get(b"stamp") != stamp:
            return None  # the log does not go back so far, or it is another history's
        # In pieces, because the interpreter's lock is held while one is put together. If another one is written meanwhile, the
        # keyring finds that its checksum is wrong, and the rows are read.
        pieces: list[bytes] = []
        while piece := self._client.getrange(name, start := _HEADER.size + len(pieces) * _PIECE, start + _PIECE - 1):
            pieces.append(piece)
        self._known = (version, identity, stamp)
        return version, b"".join(pieces)

    def _rows(self) -> Iterator[Row]:
        # A key that moves in the hash meanwhile may come twice, and two rows of one id are in force both or neither.
        seen: set[bytes] = set()
        for field, value in self._scan("keys"):
            if field not in seen:
                seen.add(field)
                yield _row(field, value)

    def _scan(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        cursor = 0
        while True:
            with self._asking():
                cursor, found = self._client.hscan(_key(name), cursor, count=_CHUNK)
            yield from found.items()
            if not cursor:
                return

    def changes(self, since: int) -> tuple[int, Sequence[Delta]] | None:
        version, identity, stamp = self._known
        if since != version:
            return None
        with self._asking():
            entries = self._client.xrange(_key("log"), identity, "+", count=_MOST_CHANGES + 2)
            if not entries:
                # Emptied, or another server: what `load` finds decides.
                return None
        if entries[0][0] != identity or entries[0][1].get(b"stamp") != stamp or len(entries) > _MOST_CHANGES + 1:
            return None
        identity, fields = entries[-1]
        self._known = (_version(identity), identity, fields[b"stamp"])
        return self._known[0], tuple(_delta(fields) for _, fields in entries[1:])

    def wait(self, timeout: float) -> None:
        with self._asking():
            after = self._known[1] or "$"
            self._client.xread({_key("log"): after}, count=1, block=max(1, int(timeout * 1000)))

    def interrupt(self) -> None:
        for connection in [*getattr(self._client.connection_pool, "_in_use_connections", ())]:
            with suppress(OSError, AttributeError):
                connection._sock.shutdown(socket.SHUT_RDWR)

    def used(self, times: Mapping[str, int]) -> None:
        items = sorted(times.items())
        for start in range(0, len(items), _CHUNK):
            with self._asking():
                values = [value for item in items[start : start + _CHUNK] for value in item]
                self._used(keys=[_key("keys"), _key("used")], args=values)

    def report(self, worker: str, version: int, max_stale: float) -> None:
        with self._asking():
            self._client.hset(_key("workers"), worker, f"{version} {max_stale} {self._now():.3f}")

    def leave(self, worker: str) -> None:
        with self._asking():
            self._client.hdel(_key("workers"), worker)

    def workers(self) -> Mapping[str, Worker]:
        with self._asking():
            found, now = self._client.hgetall(_key("workers")), self._now()
        workers: dict[str, Worker] = {}
        for name, value in found.items():
            with suppress(ValueError):
                version, most, seen = value.split(b" ")
                # A clock of the store that was put back makes nobody dead.
                workers[name.decode()] = Worker(int(version), max(0.0, now - float(seen)), float(most))
        return {name: worker for name, worker in workers.items() if worker.silent < worker.max_stale}

    def _now(self) -> float:
        seconds, micros = self._client.time()
        return float(seconds) + float(micros) / 1e6

    # What the command line needs.

    def entries(self) -> Iterator[Entry]:
        with self._asking():
            self._look_at_format()
            used = self._client.hgetall(_key("used"))
        found: dict[bytes, Entry] = {}
        for name in ("keys", "revoked"):
            for field, value in self._scan(name):
                at, tab, rest = value.partition(b"\t") if name == "revoked" else (None, b"", value)
                row = _row(field, rest)
                created = rest.split(b"\t", 4)[3] if rest.count(b"\t") >= 4 else b""
                last = used.get(field)
                found[field] = Entry(
                    row.id,
                    row.principal,
                    row.scopes,
                    row.not_before,
                    row.not_after,
                    _number(created),
                    _number(last or b""),
                    None if at is None else _number(at),
                )
        for field in sorted(found):
            yield found[field]

    def write(self, changes: Sequence[Change]) -> int:
        """Makes up to 5,000 changes in one step. Of more, the first are there when a later step fails."""
        changes = checked(changes)
        if not any(isinstance(change, Add) for change in changes):
            with self._asking():
                self._look_at_format()
        version = 0
        for start in range(0, max(1, len(changes)), _BATCH):
            try:
                version, count = self._write_batch(changes[start : start + _BATCH])
            except StoreError as error:
                raise error if not start else StoreError(f"{error} (of {len(changes)} changes, the first {start} are made)") from None
            with self._asking():
                since = int(self._client.incrby(_key("unprepared"), count)) if count else 0
        if since >= _PREPARE_AFTER:
            self.prepare()
        return version

    def _write_batch(self, changes: Sequence[Change]) -> tuple[int, int]:
        now = int(time.time())
        arguments: list[str | int] = [FORMAT, secrets.token_hex(8), now, _KEPT]
        for change in changes:
            if isinstance(change, Add):
                arguments += ("add", change.row.id, change.row.digest.hex(), _text(change.row, now))
            elif isinstance(change, Expire):
                arguments += ("expire", change.id, change.not_after, "")
            else:
                arguments += ("revoke", change.id, "", "")
        with self._asking():
            answer = self._write(keys=[_key(name) for name in _NAMES], args=arguments)
        outcome, *rest = answer
        if outcome == b"ok":
            return int(rest[0]), int(rest[1])
        identity = rest[0].decode(errors="replace")
        if outcome == b"format":
            raise newer_format(self.name, identity)
        if outcome == b"taken":
            raise already(identity, rest[1].decode(errors="replace"), rest[2] == b"1")
        raise StoreError(
            {
                b"missing": f"there is no key {named(identity)} in {self.name}: sallet keys list shows those that are",
                b"ended": f"key {named(identity)} was revoked: it has ended already",
                b"never": f"key {named(identity)} would end before it begins: revoke it instead",
                b"unreadable": f"key {named(identity)} cannot be read in {self.name}: revoke it",
            }.get(outcome, f"{self.name}: a part of the keys is gone: see that maxmemory-policy is noeviction, and put a copy back")
        )

    def prepare(self) -> None:
        """Puts the keys there in one piece, from which a worker with a million keys starts in a second."""
        version, rows = self.load(prepared=False)
        assert not isinstance(rows, bytes)
        identity, stamp = self._known[1:]
        ring = _sallet.Keyring([])
        ring._load(rows, ring._ticket())
        blob = ring._blob()
        if len(blob) > _LARGEST:
            return
        with self._asking(), self._client.pipeline() as both:
            both.set(_key("prepared"), _HEADER.pack(version, int(identity.partition(b"-")[2]), stamp) + blob)
            both.set(_key("unprepared"), 0)
            both.execute()

    def close(self) -> None:
        with suppress(exceptions.RedisError, OSError):
            self._client.connection_pool.disconnect()

    # How it fails.

    def _look_at_format(self) -> None:
        there = self._client.get(_key("format"))
        if there is None:
            raise EmptyError(self.name)
        if there != str(FORMAT).encode():
            raise newer_format(self.name, there.decode(errors="replace"))

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (exceptions.RedisError, OSError) as error:
            self.close()
            raise self._sentence(error) from None

    def _sentence(self, error: Exception) -> StoreError:
        text = str(error)
        if isinstance(error, exceptions.AuthenticationError) or text.startswith(("WRONGPASS", "NOAUTH")):
            return SetupError(f"{self.name}: the user or the password is refused: see those in the URL")
        if isinstance(error, exceptions.NoPermissionError):
            return SetupError(f"{self.name}: this user may not do that: allow it the keys ~{{sallet}}:* and the commands that Sallet uses")
        if text.startswith("DB index") or "invalid DB index" in text:
            return SetupError(f"{self.name}: there is no database of that number: see the end of the URL")
        if isinstance(error, exceptions.ReadOnlyError):
            return StoreError(f"{self.name}: this server is a replica: name its primary in the URL")
        if text.startswith(("MISCONF", "OOM")) or isinstance(error, exceptions.OutOfMemoryError):
            return StoreError(f"{self.name}: the disk or the memory of Redis is full, and nothing was written: make room")
        if isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError, OSError)):
            return StoreError(f"{self.name}: no answer: see that Redis runs there, that host and port are right, and rediss:// for TLS")
        return StoreError(f"{self.name}: {type(error).__name__}")


def _version(identity: bytes) -> int:
    return int(identity.partition(b"-")[0])


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() else None


def _text(row: Row, created: int) -> str:
    """A row as it is kept: digest, window, time of making, scopes and principal, with tabs between, which none of them holds."""
    start = "" if row.not_before is None else row.not_before
    end = "" if row.not_after is None else row.not_after
    return f"{row.digest.hex()}\t{start}\t{end}\t{created}\t{row.scopes}\t{row.principal}"


def _row(field: bytes, value: bytes) -> Row:
    """Reads one; what cannot be read is a row that no keyring takes."""
    digest = b""
    try:
        name, start, end, _, scopes, principal = value.decode().split("\t")
        digest = bytes.fromhex(name)
        return Row(field.decode(), principal, scopes, digest, int(start) if start else None, int(end) if end else None)
    except ValueError:
        return Row(_readable(field), "\0", "", digest, None, None)


def _readable(field: bytes) -> str:
    try:
        return field.decode()
    except UnicodeDecodeError:
        return "\0" + field.decode(errors="replace")


def _delta(fields: Mapping[bytes, bytes]) -> Delta:
    row = fields.get(b"row", b"")
    made = _row(fields.get(b"id", b""), row)
    return made.id, made if row else None
