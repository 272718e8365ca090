"""The command line: mint a token, hash a password, print a preset, look at what an app sends."""

from __future__ import annotations

import argparse
import getpass
import hashlib
import inspect
import json
import sys
from collections.abc import Sequence

from sallet import Key, Passwords, SalletError, SecurityHeaders, generate_token
from sallet._check import check, credential, credential_arguments

PRESETS = {
    "strict": SecurityHeaders.STRICT,
    "api": SecurityHeaders.API,
    "classic": SecurityHeaders.CLASSIC,
    "third-party-ui": SecurityHeaders.THIRD_PARTY_UI,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when all is well, 1 when `check` finds something high, 2 on misuse."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (SalletError, _Misuse) as error:
        print(f"sallet: {error}", file=sys.stderr)
        return 2


class _Misuse(Exception):
    """What the user asked for cannot be done; the message says what to do instead."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sallet", description="A light helmet for HTTP."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    token = commands.add_parser(
        "token",
        help="mint a token",
        description="Prints a new token, and the block for keys.toml that accepts it. "
        "The block holds the token's SHA-256 digest; the token itself is nowhere else.",
    )
    token.add_argument("--prefix", default="slt", help="what the token begins with (slt)")
    token.add_argument("--id", default="key-1", help="the key's id, shown in logs (key-1)")
    token.add_argument("--principal", help="who holds it; the id by default")
    token.add_argument("--scopes", default="", help='scopes, separated by spaces: "items:read"')
    token.set_defaults(run=_token)

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

    headers = commands.add_parser("headers", help="print a preset")
    headers.add_argument("preset", nargs="?", choices=PRESETS, default="strict")
    headers.add_argument("--http", action="store_true", help="as sent over plain http")
    headers.set_defaults(run=_headers)

    look = commands.add_parser(
        "check",
        help="print what an app sends, and what is weak in it",
        description="Imports an ASGI app, asks it in this process for / and for a path that "
        "does not exist, over https, and judges the answers. Ends with status 1 when something "
        "of high severity is found. The app's lifespan is not run.",
    )
    look.add_argument("app", metavar="module:app", help="such as main:app")
    look.add_argument("--app-dir", default=".", help="where the module is (.)")
    credential_arguments(look)
    look.set_defaults(run=_check)
    return parser


def _token(arguments: argparse.Namespace) -> int:
    token = generate_token(arguments.prefix)
    scopes = _scopes(arguments)
    # The key is built so that what the keyring would refuse is refused here.
    Key(arguments.id, token=token, principal=arguments.principal, scopes=scopes)
    print("# The token. Give it to its holder; it is not stored anywhere.")
    print(token)
    print("\n# Its block for keys.toml:")
    _print_block("key", arguments, id=arguments.id, sha256=hashlib.sha256(token.encode()).hexdigest())
    return 0


def _hash_password(arguments: argparse.Namespace) -> int:
    scopes = _scopes(arguments)
    if arguments.user is None and (scopes or arguments.principal is not None):
        raise _Misuse("a hash alone has no place for scopes or a principal: add --user NAME")
    try:
        stored = Passwords.hash(_ask_password())
    except ImportError as error:
        raise _Misuse(str(error)) from None
    if arguments.user is None:
        print(stored)
        return 0
    # So that what a file would refuse is refused here.
    Passwords({arguments.user: {"hash": stored, "principal": arguments.principal, "scopes": scopes}})
    print("# The block for users.toml:")
    _print_block("user", arguments, name=arguments.user, hash=stored)
    return 0


def _ask_password() -> str:
    if not sys.stdin.isatty():
        # One line as it is, but for its end: a space may be part of the password.
        try:
            return sys.stdin.buffer.readline().decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise _Misuse("the password is not UTF-8, as Basic sends it") from None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise _Misuse("the two passwords differ: start again")
    return password


def _scopes(arguments: argparse.Namespace) -> tuple[str, ...]:
    if "," in arguments.scopes:
        raise _Misuse('scopes are separated by spaces: --scopes "items:read items:write"')
    return tuple(arguments.scopes.split())


def _print_block(table: str, arguments: argparse.Namespace, **fields: str) -> None:
    """One table: what names it, whom it belongs to, what for, and at last its digest or hash."""
    (first, name), (last, digest) = fields.items()
    print(f"[[{table}]]")
    print(f"{first} = {_toml(name)}")
    if arguments.principal is not None:
        print(f"principal = {_toml(arguments.principal)}")
    if scopes := _scopes(arguments):
        print(f"scopes = [{', '.join(map(_toml, scopes))}]")
    print(f"{last} = {_toml(digest)}")


def _toml(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text).replace("\x7f", "\\u007f")


def _headers(arguments: argparse.Namespace) -> int:
    for name, value in PRESETS[arguments.preset].items(https=not arguments.http):
        print(f"{name}: {value}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    sys.path.insert(0, arguments.app_dir)
    try:
        shown = credential(arguments)
    except ValueError as error:
        raise _Misuse(str(error)) from None
    return 1 if check(_load(arguments.app), shown) else 0


def _load(spec: str) -> object:
    import importlib

    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise _Misuse(f"{spec!r} names no app; write module:app, as for uvicorn")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise  # the module is there; something it imports is not
        raise _Misuse(f"there is no module {module_name!r}; is --app-dir right?") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise _Misuse(f"{module_name} has no {attribute!r}")
        found = getattr(found, name)
    if not callable(found):
        raise _Misuse(f"{spec} is not an ASGI app: it cannot be called")
    if inspect.isfunction(found) and not inspect.iscoroutinefunction(found):
        raise _Misuse(f"{spec} makes an app and is none: name what it returns, as main:app")
    return found
