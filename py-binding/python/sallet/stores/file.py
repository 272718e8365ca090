"""Keys in a TOML file, as `Keyring.from_file` reads it."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sallet import _tables
from sallet._blocks import Blocks, Value, moment
from sallet._key_sources import _key_of
from sallet._replace_file import replacing
from sallet._sallet import KeyringError, StoreError
from sallet._tables import masked
from sallet.stores._errors import already, checked
from sallet.stores._interface import Add, Change, Entry, Revoke, Row

__all__ = ["FileBook"]

_NO_KEY = "# No key is in force.\n"
"""A file of zero bytes would be taken for half a file."""


class FileBook:
    """The keys of a file. Comments and order stay when keys are added and taken out.

    A revoked key leaves the file. `write` replaces the file in one step; it waits for other writers, keeps owner and mode,
    and follows a symbolic link. A new file is its owner's alone.

    Args:
        path: The file; the first `write` makes it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Made absolute now: the working directory may be another one later.
        self._path = Path(path).absolute()
        self.name: str = str(path)

    def entries(self) -> Iterator[Entry]:
        """Every key, in the order of their ids."""
        for row in self.load()[1]:
            yield Entry(row.id, row.principal, row.scopes, row.not_before, row.not_after)

    def load(self, *, prepared: bool = True) -> tuple[int, Iterable[Row]]:
        """When the file was changed, in nanoseconds since 1970, and its keys in the order of their ids.

        Raises:
            StoreError: The file is not there, cannot be read, or holds something that no keyring would take.
        """
        try:
            version = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            raise StoreError(f"{self.name}: no such file: sallet keys add makes it; or name another place with --store or SALLET_STORE") from None
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.name}: {getattr(error, 'strerror', None) or error}") from None
        if not self._path.is_file():
            # Reading a pipe would wait for its other end.
            raise StoreError(f"{self.name}: this is not a regular file")
        return version, sorted(self._rows(self._tables()))

    def write(self, changes: Sequence[Change]) -> int:
        """Makes all of the changes or none, and returns when they are on the disk.

        Returns:
            When the file was changed, in nanoseconds since 1970.

        Raises:
            StoreError: A key to be changed is not there, an id or digest is there already, the file is wrong or
                cannot be written; nothing was changed.
        """
        with replacing(self._path) as file:
            # An empty file is one that somebody has made for keys to come.
            tables = self._tables() if file.data else []
            data = file.data or b""
            mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
            edited, expected = self._edit(data.decode("utf-8-sig"), tables, changes)
            data = mark + edited.encode()
            if _parsed(data) != expected:
                raise StoreError(
                    f"{self.name}: its keys are not written so that a program can edit them and leave the rest as it is: write each as a"
                    " [[key]] block with a line for each field, or edit it by hand"
                )
            return file.write(data)

    def close(self) -> None:
        """Nothing is held open."""

    def _tables(self) -> list[dict[str, Any]]:
        return _tables.File(self._path, "key", "keys add", StoreError, lambda tables, _: tables)()

    def _rows(self, tables: Iterable[dict[str, Any]]) -> list[Row]:
        rows: list[Row] = []
        ids: set[str] = set()
        holders: dict[bytes, str] = {}
        for number, table in enumerate(tables, 1):
            try:
                row = row_of(table, number, self._path)
            except KeyringError as error:
                raise StoreError(str(error)) from None
            if row.id in ids:
                raise StoreError(f"{self.name}: two keys have the id {masked(repr(row.id))}: give one of them another")
            if (other := holders.setdefault(row.digest, row.id)) != row.id:
                raise StoreError(f"{self.name}: keys {masked(repr(other))} and {masked(repr(row.id))} have the same token: take one out")
            ids.add(row.id)
            rows.append(row)
        return rows

    def _edit(self, text: str, tables: list[dict[str, Any]], changes: Sequence[Change]) -> tuple[str, list[dict[str, Any]]]:
        """The text with the changes made, and what it must hold."""
        rows = self._rows(tables)
        blocks = Blocks(text, "key")
        if len(blocks) != len(tables):
            return text, [{}]  # which no file holds
        places = {row.id: at for at, row in enumerate(rows)}
        holders = {row.digest: row.id for row in rows}
        gone: set[int] = set()
        for change in checked(changes):
            if isinstance(change, Add):
                row = change.row
                if row.id in places:
                    raise already(row.id, row.id, False)
                if (holder := holders.setdefault(row.digest, row.id)) != row.id:
                    raise already(row.id, holder, False)
                fields = fields_of(row)
                places[row.id] = len(tables)
                blocks.append(fields)
                tables.append(dict(fields))
                continue
            at = places.get(change.id)
            if at is None:
                raise StoreError(f"there is no key {masked(repr(change.id))} in {self.name}: sallet keys list shows those that are")
            if isinstance(change, Revoke):
                gone.add(at)
            else:
                end = moment(change.not_after)
                blocks.set(at, "not_after", end)
                tables[at] = {**tables[at], "not_after": end}
                # It may now end before it begins.
                self._rows([tables[at]])
        # At the end, since they change the numbers of the others.
        blocks.remove(gone)
        expected = [table for at, table in enumerate(tables) if at not in gone]
        edited = blocks.text()
        return (edited if edited.strip() else _NO_KEY), expected


def row_of(table: dict[str, Any], number: int, place: Path) -> Row:
    """A key's table as a row.

    Args:
        table: Its fields.
        number: Names it if it has no id.
        place: Where it is.

    Raises:
        KeyringError: No keyring would take it.
    """
    key = _key_of(table, number, place)
    digest = bytes.fromhex(table["sha256"].removeprefix("sha256:"))
    return Row(key.id, key.principal, " ".join(key.scopes), digest, key.not_before, key.not_after)


def fields_of(row: Row) -> dict[str, Value]:
    """The fields of its block, in the order in which people read them."""
    fields: dict[str, Value] = {"id": row.id}
    if row.principal != row.id:
        fields["principal"] = row.principal
    if row.scopes:
        fields["scopes"] = row.scopes.split(" ")
    if row.not_before is not None:
        fields["not_before"] = moment(row.not_before)
    if row.not_after is not None:
        fields["not_after"] = moment(row.not_after)
    fields["sha256"] = row.digest.hex()
    return fields


def _parsed(data: bytes) -> object:
    try:
        document = _tables.tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        return None
    return document.get("key", [])
