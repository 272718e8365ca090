"""`--store`: the file or store that the commands about keys work on."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TypeAlias

from sallet import StoreError
from sallet._cli._arguments import Misuse
from sallet._cli._progress import working
from sallet._tables import masked
from sallet.stores import Store, open_store
from sallet.stores._interface import Change, Row
from sallet.stores.file import FileBook

Place: TypeAlias = "FileBook | Store"

_MOST_COMPARED = 100_000


def add_store(parser: argparse.ArgumentParser) -> None:
    """Adds the option."""
    parser.add_argument(
        "--store",
        metavar="URL_OR_FILE",
        default=os.environ.get("SALLET_STORE") or "keys.toml",
        help="sqlite:///keys.db, postgresql://…, redis://… or a file (the variable SALLET_STORE, or else keys.toml). A URL with a"
        " password belongs in the variable: others on this machine can see a command line",
    )


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Place]:
    """The place, until the command has done with it."""
    place = _open(arguments.store)
    try:
        with working(place.name):
            yield place
    finally:
        place.close()


def _open(store: str) -> Place:
    # Two letters at least: C:\keys.toml is a file.
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", store):
        return open_store(store)
    if store.endswith((".db", ".sqlite", ".sqlite3")):
        raise Misuse(f'a file of SQLite is written as a URL: --store "sqlite:///{store}"')
    return FileBook(store)


def rows_of(place: Place) -> Iterable[Row]:
    """Every key that is not revoked, with its digest."""
    rows = place.load(prepared=False)[1]
    if isinstance(rows, bytes):
        raise TypeError("a store gave one piece where it was asked for rows")
    # A store may give plain tuples.
    return map(Row._make, rows)


def write(place: Place, changes: Iterable[Change], ids: Iterable[str] = ()) -> int:
    """Makes the changes. Where one of `ids` is not there, the message has those that are like it."""
    changes = list(changes)
    try:
        return place.write(changes)
    except StoreError:
        refuse_unknown(place, ids)
        raise


def refuse_unknown(place: Place, ids: Iterable[str]) -> None:
    """Stops at the first id that is not there."""
    ids = list(ids)
    if not ids:
        return
    known = {entry.id for entry in place.entries()}
    for identity in ids:
        if identity in known:
            continue
        near = get_close_matches(identity, known, 3, 0.6) if len(known) <= _MOST_COMPARED else []
        if near:
            meant = f"did you mean {' or '.join(repr(name) for name in near)}?"
        else:
            meant = "sallet keys list shows those that are"
        raise Misuse(f"there is no key {masked(repr(identity))} in {place.name}: {meant}")
