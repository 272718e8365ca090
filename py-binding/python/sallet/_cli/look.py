"""`sallet keys list`, `show` and `verify`: what is there, and what it opens now."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from sallet import Key, Keyring, KeyringError
from sallet._cli import _formats
from sallet._cli._existing import read_token
from sallet._cli._arguments import Commands, Misuse
from sallet._cli._place import add_store, opened, refuse_unknown, rows_of
from sallet._cli._times import shown
from sallet.stores._interface import Entry, Row

_HEADS = ("ID", "PRINCIPAL", "SCOPES", "FROM", "UNTIL", "LAST USED", "STATE")
_MEASURED = 1000
"""Rows that columns are made wide enough for."""


def add_to(keys: Commands) -> None:
    """Adds the commands."""
    listing = keys.add_parser("list", help="a table of the keys", description="Prints a line for each key; nothing in it is secret.")
    add_store(listing)
    listing.add_argument("--json", action="store_true", help="an array of objects")
    listing.set_defaults(run=_list)

    show = keys.add_parser("show", help="one key", description="Prints all that is known of a key, but for its digest.")
    add_store(show)
    show.add_argument("id", metavar="ID")
    show.add_argument("--json", action="store_true", help="an object")
    show.set_defaults(run=_show)

    verify = keys.add_parser(
        "verify",
        help="which key a token belongs to",
        description="Reads a token from standard input and prints its key. Ends with status 0 if the token is good now, else 1.",
    )
    add_store(verify)
    verify.add_argument("argument", nargs="*", help=argparse.SUPPRESS)
    verify.add_argument("--json", action="store_true", help="an object")
    verify.set_defaults(run=_verify)


def state(key: Entry | Row, now: int) -> str:
    """What a key is at a second, which is a verdict of the keyring's in words."""
    if isinstance(key, Entry) and key.revoked is not None:
        return "revoked"
    if key.not_before is not None and now < key.not_before:
        return "not yet"
    if key.not_after is not None and now > key.not_after:
        return "expired"
    return "in force"


def _list(arguments: argparse.Namespace) -> int:
    now = int(time.time())
    with opened(arguments) as place:
        if arguments.json:
            sys.stdout.writelines(_formats.objects(_fields(entry, now) for entry in place.entries()))
        else:
            rows = chain([_HEADS], (_cells(entry, now) for entry in place.entries()))
            sys.stdout.writelines(_aligned(rows))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with opened(arguments) as place:
        found = next((entry for entry in place.entries() if entry.id == arguments.id), None)
        if found is None:
            refuse_unknown(place, [arguments.id])
            raise Misuse(f"the key has just gone from {place.name}")
    now = int(time.time())
    if arguments.json:
        sys.stdout.write(_formats.line(_fields(found, now)))
        return 0
    lines = [*zip(_HEADS, _cells(found, now), strict=True), ("CREATED", shown(found.created)), ("REVOKED", shown(found.revoked))]
    sys.stdout.writelines(_aligned((head.lower(), cell) for head, cell in lines))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    if arguments.argument:
        raise Misuse("a token is no argument, since others on this machine can see a command line: give it to standard input")
    token = read_token()
    digest = hashlib.sha256(token.encode()).digest()
    with opened(arguments) as place:
        rows = list(rows_of(place))
    found = next((row for row in rows if row.digest == digest), None)
    if found is None:
        try:
            Key("it", token=token)
            reason = "no key has this token, or it was revoked"
        except KeyringError as error:
            reason = f"no key has this token: {str(error).partition(': ')[2]}"
        if arguments.json:
            sys.stdout.write(_formats.line({"id": None, "state": "unknown"}))
        print(f"sallet: {reason}", file=sys.stderr)
        return 1
    now = int(time.time())
    said = state(found, now)
    # What a store holds may be in order by itself and still admit nobody, as of two keys with one token.
    ring = Keyring([])
    problems = dict(ring._load(rows, ring._ticket()))
    if said == "in force" and ring.verify(token) is None:
        said = "out of force"
        print(f"sallet: {_printable(problems.get(found.id, 'no keyring takes it'))}", file=sys.stderr)
    if arguments.json:
        sys.stdout.write(_formats.line({**_formats.fields(found), "state": said}))
    else:
        sys.stdout.writelines(_aligned([(found.id, found.principal, found.scopes, said)]))
    return 0 if said == "in force" else 1


def _fields(entry: Entry, now: int) -> dict[str, object]:
    row = Row(entry.id, entry.principal, entry.scopes, b"", entry.not_before, entry.not_after)
    times = {name: shown(getattr(entry, name)) or None for name in ("created", "last_used", "revoked")}
    return {**_formats.fields(row), **times, "state": state(entry, now)}


def _cells(entry: Entry, now: int) -> tuple[str, ...]:
    window = (shown(entry.not_before), shown(entry.not_after), shown(entry.last_used))
    return (entry.id, entry.principal, entry.scopes, *window, state(entry, now))


def _aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    rows = (tuple(map(_printable, row)) for row in rows)
    first = list(islice(rows, _MEASURED))
    widths = [max(map(len, column)) for column in zip(*first, strict=True)]
    for row in chain(first, rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"


def _printable(text: str) -> str:
    """A store may hold anything, and a terminal obeys what it is sent."""
    if text.isprintable():
        return text or "-"
    return "".join(one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode() for one in text)
