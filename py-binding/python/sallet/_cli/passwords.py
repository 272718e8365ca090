"""`sallet passwords hash`: what to store of a password."""

from __future__ import annotations

import argparse
import getpass
import sys

from sallet import Passwords
from sallet._blocks import Value, block
from sallet._cli._arguments import Commands, Misuse, scopes_of


def add_to(commands: Commands) -> None:
    """Adds the commands."""
    passwords = commands.add_parser("passwords", help="hash a password")
    hashing = passwords.add_subparsers(required=True, metavar="command").add_parser(
        "hash",
        help="print what to store of a password",
        description="Asks for a password twice, or reads one line of standard input, and prints its Argon2id "
        "hash; with --user the block for users.toml. A password is no argument: others on this machine can "
        "see a command line.",
    )
    hashing.add_argument("--user", metavar="NAME", help="print the block for users.toml, for this name")
    hashing.add_argument("--principal", help="whom it is logged as; the name by default")
    hashing.add_argument("--scopes", default="", help='scopes, separated by spaces: "items:read"')
    hashing.set_defaults(run=_hash_password)


def _hash_password(arguments: argparse.Namespace) -> int:
    scopes = scopes_of(arguments)
    if arguments.user is None and (scopes or arguments.principal is not None):
        raise Misuse("a hash alone has no place for scopes or a principal: add --user NAME")
    try:
        stored = Passwords.hash(_ask_password())
    except ImportError as error:
        raise Misuse(str(error)) from None
    if arguments.user is None:
        print(stored)
        return 0
    # So that what a file would refuse is refused here.
    Passwords({arguments.user: {"hash": stored, "principal": arguments.principal, "scopes": scopes}})
    print("# The block for users.toml:")
    fields: dict[str, Value] = {"name": arguments.user}
    if arguments.principal is not None:
        fields["principal"] = arguments.principal
    if scopes:
        fields["scopes"] = scopes
    print(block("user", {**fields, "hash": stored}), end="")
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        # One line as it is, but for its end: a space may be part of the password.
        try:
            return sys.stdin.buffer.readline().decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Misuse("the password is not UTF-8, as Basic sends it") from None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise Misuse("the two passwords differ: start again")
    return password


