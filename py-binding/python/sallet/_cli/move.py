"""`sallet keys import` and `export`: keys from one place to another, without their tokens."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from sallet._cli import _formats
from sallet._cli._existing import add_hashing
from sallet._cli._arguments import Commands, Misuse
from sallet._cli._outputs import write_new
from sallet._cli._place import Place, add_store, opened, rows_of, write
from sallet._cli._progress import counted
from sallet._cli._reading import read
from sallet._tables import masked
from sallet.stores._interface import Add, Row


def add_to(keys: Commands) -> None:
    """Adds the commands."""
    bring = keys.add_parser(
        "import",
        help="add keys from TOML, CSV or JSON",
        description="Adds the keys of a file with digests, as `sallet keys export` writes it: all, or none if one is wrong. With --hash-token the"
        " file is standard input and has `token` in place of `sha256`; only the SHA-256 of each token is kept.",
    )
    add_store(bring)
    bring.add_argument("file", metavar="FILE", help="keys.toml, or CSV or JSON with the same fields; - is standard input")
    bring.add_argument("--format", choices=("toml", "csv", "json"), help="what the file is written in; by default what it looks like")
    bring.add_argument("--skip-existing", action="store_true", help="leave keys out that are there already with the same id and digest")
    add_hashing(bring)
    bring.add_argument("--json", action="store_true", help="print an object")
    bring.set_defaults(run=_import)

    give = keys.add_parser(
        "export",
        help="write the keys as TOML, CSV or JSON",
        description="Writes every key that is not revoked, with the SHA-256 of its token. There are no tokens to export.",
    )
    add_store(give)
    give.add_argument("--format", choices=list(_formats.ENTRIES), default="toml", help="toml, csv, json, or C or Rust source (toml)")
    give.add_argument("--json", action="store_const", dest="format", const="json", help="the same as --format json")
    give.add_argument("--out", metavar="FILE", help="write to a new file, of mode 0600, instead of standard output")
    give.set_defaults(run=_export)


def _import(arguments: argparse.Namespace) -> int:
    if arguments.hash_token and arguments.file != "-":
        raise Misuse("--hash-token reads from standard input, so that no file with tokens is needed: write - for the file")
    text, name = _text(arguments.file)
    rows = list(counted(read(text, arguments.format, name, hash_tokens=arguments.hash_token, bits=arguments.bits), "reading"))
    with opened(arguments) as place:
        there = _there(place) if arguments.skip_existing else set()
        new = [row for row in rows if (row.id, row.digest) not in there]
        if new:
            write(place, [Add(row) for row in new])
    if arguments.json:
        sys.stdout.write(_formats.line({"imported": len(new), "skipped": len(rows) - len(new)}))
    else:
        skipped = f", {len(rows) - len(new)} were there" if len(new) < len(rows) else ""
        print(f"imported {len(new)} into {place.name}{skipped}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    with opened(arguments) as place:
        rows: list[Row] = sorted(rows_of(place))
    pieces = counted(_formats.ENTRIES[arguments.format](rows), "writing", len(rows))
    if arguments.out is not None:
        write_new(arguments.out, pieces)
    elif arguments.format == "toml" and not rows:
        print("# No key is in force.")
    else:
        sys.stdout.writelines(pieces)
    return 0


def _text(file: str) -> tuple[str, str]:
    # A path is no token, which another word may be.
    name = "standard input" if file == "-" else file if re.search(r"[/\\.]", file) else masked(file)
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misuse(f"{name} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise Misuse(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    if not text:
        raise Misuse(f"{name} is empty: was it made by a command that failed?")
    return text, name


def _there(place: Place) -> set[tuple[str, bytes]]:
    return {(row.id, row.digest) for row in rows_of(place)}
