"""`sallet keys`: the group of commands, and `revoke`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from sallet._cli import _formats, look, mint, move
from sallet._cli._arguments import Commands, Misuse
from sallet._cli._place import add_store, opened, write
from sallet.stores import Revoke, Worker, wait_for
from sallet.stores.file import FileBook


def add_to(commands: Commands) -> None:
    """Adds the group."""
    keys = commands.add_parser(
        "keys",
        help="add, list, rotate and revoke keys, in a file or a store",
        description="Works on the keys in a file or a store. A token is printed once, when its key is added; only its SHA-256 is stored.",
    ).add_subparsers(required=True, metavar="command")
    mint.add_keys_to(keys)
    look.add_to(keys)
    _add_revoke(keys)
    move.add_to(keys)


def _add_revoke(keys: Commands) -> None:
    revoke = keys.add_parser(
        "revoke",
        help="take keys out of force, for good",
        description="Revokes keys: all of them, or none if one is not there. Returns when the store has it. From a file the keys are taken out.",
    )
    add_store(revoke)
    revoke.add_argument("ids", metavar="ID", nargs="+")
    revoke.add_argument(
        "--wait",
        type=float,
        metavar="SECONDS",
        help="wait for so long at most until every live worker refuses the keys; status 1 if one has not heard by then",
    )
    revoke.add_argument("--json", action="store_true", help="an object")
    revoke.set_defaults(run=_revoke)


def _revoke(arguments: argparse.Namespace) -> int:
    ids = list(dict.fromkeys(arguments.ids))
    with opened(arguments) as place:
        if arguments.wait is not None and isinstance(place, FileBook):
            raise Misuse("--wait needs a store that workers report to: of a file nobody knows who reads it")
        version = write(place, [Revoke(identity) for identity in ids], ids)
        late: Mapping[str, Worker] = {}
        if arguments.wait is not None and not isinstance(place, FileBook):
            print(f"sallet: {place.name} has it; waiting for the workers", file=sys.stderr)
            late = wait_for(place, version, arguments.wait)
    if arguments.json:
        sys.stdout.write(_formats.line({"revoked": ids, "version": version, **({} if arguments.wait is None else {"late": sorted(late)})}))
    else:
        sys.stdout.writelines(f"revoked {identity}\n" for identity in ids)
    if isinstance(place, FileBook):
        print(f"sallet: a server that does not watch {place.name} admits them until it reloads", file=sys.stderr)
    for name, worker in sorted(late.items()):
        left = max(0.0, worker.max_stale - worker.silent)
        print(
            f"sallet: worker {name} has not taken it: it reported {worker.silent:.0f} s ago, and if it is cut off from the store it refuses"
            f" everything in {left:.0f} s at most",
            file=sys.stderr,
        )
    return 1 if late else 0
