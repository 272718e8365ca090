"""`sallet token`, `sallet keys add` and `sallet keys rotate`: what makes tokens."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import time
from collections.abc import Callable, Container, Iterator, Sequence
from typing import NamedTuple

from sallet import Key, StoreError, generate_token
from sallet._cli import _formats
from sallet._cli._existing import add_hashing, hashed, read_token
from sallet._cli._arguments import Commands, Misuse, scopes_of
from sallet._cli._outputs import drop, warn_if_others_read, write_new
from sallet._cli._place import Place, add_store, opened, refuse_unknown, write
from sallet._cli._progress import counted
from sallet._cli._times import moment, shown, span
from sallet._tables import masked
from sallet.stores._interface import Add, Change, Entry, Expire, Revoke, Row

_MOST = 1_000_000


class Minted(NamedTuple):
    """A new key."""

    row: Row
    #: `None` for a token that its holder has already.
    token: str | None


def add_to(commands: Commands) -> None:
    """Adds `token`."""
    token = commands.add_parser(
        "token",
        help="mint a token, without a store",
        description="Prints a new token on standard output, and on standard error the entry for keys.toml that accepts it. The entry holds"
        " the token's SHA-256; the token itself is nowhere else. `sallet keys add` writes the entry into a file or a store.",
    )
    token.add_argument("--id", default="key-1", help="the key's id, shown in logs (key-1)")
    _add_options(token)
    token.set_defaults(run=_token)


def add_keys_to(keys: Commands) -> None:
    """Adds `add` and `rotate`."""
    add = keys.add_parser(
        "add",
        help="add a key, and print its token",
        description="Adds a key, or with --count many, and prints the token once, when the store has the key.",
    )
    add_store(add)
    add.add_argument("--id", required=True, help="the key's id, shown in logs; with --count what the ids begin with")
    _add_options(add)
    add_hashing(add)
    add.set_defaults(run=_add)

    rotate = keys.add_parser(
        "rotate",
        help="make a key that takes over from another",
        description="Adds a key for the same principal and scopes, prints its token, and lets the old key end after the overlap.",
    )
    add_store(rotate)
    rotate.add_argument("old", metavar="ID", help="the key that ends")
    rotate.add_argument("--id", help="the new key's id; by default the old one's with its number counted up: ci-2 after ci-1 or ci")
    rotate.add_argument("--overlap", default="7d", metavar="SPAN", help="how long the old key is still good (7d); 0 revokes it at once")
    rotate.add_argument("--expires", metavar="WHEN", help="when the new key ends, or never; must be said if the old one ends")
    _add_output(rotate)
    rotate.set_defaults(run=_rotate)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--principal", help="who holds it; the id by default")
    parser.add_argument("--scopes", default="", help='scopes, separated by spaces: "items:read"')
    parser.add_argument("--expires", metavar="WHEN", help="when it ends: 90d, 2027-02-01, 2027-02-01T12:00:00Z or never (never)")
    parser.add_argument("--not-before", metavar="WHEN", help="when it begins, written alike (now)")
    parser.add_argument("--count", type=int, metavar="N", help="make N keys; a number is put behind the id: sensor-001 …")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="the number of the first of them (1)")
    _add_output(parser)
    parser.add_argument("--block-file", metavar="FILE", help="write the entries to a new file, of mode 0600, instead of standard error")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prefix", default="slt", help="what the token begins with (slt)")
    parser.add_argument("--tokens", metavar="FILE", help="write the tokens to a new file, of mode 0600, instead of standard output")
    parser.add_argument(
        "--format",
        choices=list(_formats.ENTRIES),
        default="toml",
        help="of the entries: toml, csv, json, or C or Rust source. Tokens are JSON with json, else the bare token, or CSV with --count",
    )
    parser.add_argument("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    parser.set_defaults(count=None, block_file=None)


def _token(arguments: argparse.Namespace) -> int:
    minted = _mint(arguments)
    _deliver(minted, arguments, None, ())
    return 0


def _add(arguments: argparse.Namespace) -> int:
    if arguments.format in ("c", "rust") and arguments.block_file is None:
        raise Misuse(f"--format {arguments.format} makes source text of the keys: name its file with --block-file")
    minted = _hashed(arguments) if arguments.hash_token else _mint(arguments)
    with opened(arguments) as place:
        _deliver(minted, arguments, place, [Add(new.row) for new in minted])
    return 0


def _rotate(arguments: argparse.Namespace) -> int:
    now = int(time.time())
    with opened(arguments) as place:
        entries = {entry.id: entry for entry in place.entries()}
        if arguments.old not in entries:
            refuse_unknown(place, [arguments.old])
        old = entries[arguments.old]
        end = _end_of(old, arguments, now)
        scopes = tuple(old.scopes.split(" ")) if old.scopes else ()
        identity = arguments.id or _next(old.id, entries)
        new = _key(identity, generate_token(arguments.prefix), old.principal, scopes, None, end)
        changes: list[Change] = [Add(new.row)]
        last = now + span(arguments.overlap, "--overlap")
        if last == now:
            changes.append(Revoke(old.id))
        elif old.not_after is None or last < old.not_after:
            if old.not_before is not None and last < old.not_before:
                raise Misuse(f"key {_named(old)} is not in force until {shown(old.not_before)}: revoke it, and add another")
            changes.append(Expire(old.id, last))
        else:
            last = old.not_after
        _deliver([new], arguments, place, changes)
        said = "is revoked" if last == now else f"ends {shown(last)}"
        print(f"sallet: key {_named(old)} {said}; {_named(new.row)} takes over", file=sys.stderr)
    return 0


def _end_of(old: Entry, arguments: argparse.Namespace, now: int) -> int | None:
    if old.revoked is not None:
        raise Misuse(f"key {_named(old)} was revoked: add a new key")
    if arguments.expires is None and old.not_after is not None:
        # What was to end does not become endless unasked.
        raise Misuse(f"key {_named(old)} ends {shown(old.not_after)}: say when the new one does, with --expires 90d or --expires never")
    return _expiry(arguments, now)


def _next(identity: str, known: Container[str]) -> str:
    """`ci-2` after `ci-1` or `ci`; where that is taken, as in a fleet, `dev-017-2` after `dev-017`."""
    counted_up = re.sub(r"[0-9]+\Z", lambda number: str(int(number[0]) + 1).zfill(len(number[0])), identity)
    if counted_up not in known:
        return counted_up
    number = 2
    while f"{identity}-{number}" in known:
        number += 1
    return f"{identity}-{number}"


def _expiry(arguments: argparse.Namespace, now: int) -> int | None:
    if arguments.expires in (None, "never"):
        return None
    end = moment(arguments.expires, "--expires", now)
    if end <= now:
        raise Misuse(f"--expires {arguments.expires} is {shown(end)}, which is over: the key would never be good")
    return end


def _mint(arguments: argparse.Namespace) -> list[Minted]:
    ids = list(_ids(arguments))
    make = _key_of(arguments)
    return [make(identity, generate_token(arguments.prefix)) for identity in counted(ids, "minting", len(ids))]


def _hashed(arguments: argparse.Namespace) -> list[Minted]:
    """The key of the token on standard input."""
    if arguments.count is not None or arguments.tokens is not None:
        raise Misuse("--hash-token takes one token, and prints none: leave --count and --tokens out")
    token = read_token()
    new = _key_of(arguments)(arguments.id, token)
    hashed(token, arguments.bits, arguments.id)
    return [Minted(new.row, None)]


def _ids(arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.count is None:
        yield arguments.id
        return
    if not 1 <= arguments.count <= _MOST or arguments.first < 0:
        raise Misuse(f"--count is from 1 to {_MOST:,}, and --first is 0 or more")
    last = arguments.first + arguments.count - 1
    for number in range(arguments.first, last + 1):
        yield f"{arguments.id}-{number:0{len(str(last))}}"


def _key_of(arguments: argparse.Namespace) -> Callable[[str, str], Minted]:
    now = int(time.time())
    scopes = scopes_of(arguments)
    begin = moment(arguments.not_before, "--not-before", now) if arguments.not_before is not None else None
    end = _expiry(arguments, now)
    return lambda identity, token: _key(identity, token, arguments.principal, scopes, begin, end)


def _key(identity: str, token: str, principal: str | None, scopes: Sequence[str], begin: int | None, end: int | None) -> Minted:
    # So that what a keyring would refuse is refused here.
    key = Key(identity, token=token, principal=principal, scopes=scopes, not_before=begin, not_after=end)
    digest = hashlib.sha256(token.encode()).digest()
    return Minted(Row(key.id, key.principal, " ".join(key.scopes), digest, key.not_before, key.not_after), token)


def _deliver(minted: Sequence[Minted], arguments: argparse.Namespace, place: Place | None, changes: Sequence[Change]) -> None:
    """Gives tokens and entries to where they belong: the files first, which can be taken back, and the tokens to be printed last."""
    rows = [new.row for new in minted]
    entries = _formats.ENTRIES[arguments.format]
    made: list[str] = []
    try:
        for path, pieces in ((arguments.tokens, _tokens(minted, arguments)), (arguments.block_file, entries(rows))):
            if path is not None:
                write_new(path, pieces)
                made.append(path)
        if place is not None:
            write(place, changes)
    except (Misuse, StoreError):
        for path in made:
            drop(path)
        raise
    if place is not None:
        many = f"{len(rows)} keys are" if len(rows) != 1 else f"key {_named(rows[0])} is"
        print(f"sallet: {many} in {place.name}", file=sys.stderr)
    elif arguments.block_file is None:
        if arguments.format == "toml" and sys.stderr.isatty():
            print("# The entry for keys.toml. The token below it is printed once: give it to its holder.", file=sys.stderr)
        sys.stderr.writelines(entries(rows))
        sys.stderr.flush()
    if arguments.tokens is None and (arguments.format == "json" or any(new.token for new in minted)):
        _print(minted, arguments, place)


def _named(key: Row | Entry) -> str:
    # It may be a token in the wrong place.
    return masked(repr(key.id))


def _print(minted: Sequence[Minted], arguments: argparse.Namespace, place: Place | None) -> None:
    if place is not None or arguments.block_file is not None:
        warn_if_others_read()
    elif arguments.format == "toml":
        warn_if_others_read("# ")  # the entry is there too
    try:
        sys.stdout.writelines(_tokens(minted, arguments))
        sys.stdout.flush()
    except OSError as error:
        # So that the interpreter does not try once more when it ends.
        sys.stdout = None
        which = ", ".join(_named(new.row) for new in minted[:3]) + (", …" if len(minted) > 3 else "")
        lost = f", and nobody has it: revoke {which} in {place.name} and add another" if place is not None else ""
        raise Misuse(f"the token could not be printed ({error.strerror}){lost}") from None


def _tokens(minted: Sequence[Minted], arguments: argparse.Namespace) -> Iterator[str]:
    if arguments.format == "json":
        things: list[dict[str, object]] = [{**_formats.fields(new.row), **({"token": new.token} if new.token else {})} for new in minted]
        if arguments.count is None:
            return iter([_formats.line(things[0])])
        return _formats.objects(things)
    if arguments.count is not None:
        return _formats.table(("id", "token"), ((new.row.id, new.token) for new in minted))
    return iter([f"{new.token}\n" for new in minted])
