"""What the commands have in common about their arguments: mistakes are explained without showing a secret."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import NoReturn, TypeAlias

from sallet._tables import masked

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"

# What `generate_token` makes: a prefix, 43 characters and 6 of a checksum.
MINTED = re.compile(r"[A-Za-z]\w{0,13}_[0-9A-Za-z]{49}", re.ASCII)


class Misuse(Exception):
    """What the user asked for cannot be done; the message says what to do instead."""


class Parser(argparse.ArgumentParser):
    """A parser whose messages show nothing that is as long as a token."""

    def error(self, message: str) -> NoReturn:
        super().error(masked(message))


def refuse_tokens(words: Iterable[str]) -> None:
    """Stops at a token among the arguments."""
    for word in words:
        if MINTED.search(word):
            raise Misuse(
                "a token is among the arguments, where others on this machine can see it and the shell keeps it: give it to standard"
                " input, as in: sallet keys verify < file. If others use this machine, revoke that key"
            )
        if any("\ud800" <= character <= "\udfff" for character in word):
            raise Misuse("an argument is not UTF-8 text")


def scopes_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The scopes, which are separated by spaces as in RFC 6749 section 3.3.

    Raises:
        Misuse: A comma is among them.
    """
    if "," in arguments.scopes:
        raise Misuse('scopes are separated by spaces: --scopes "items:read items:write"')
    return tuple(arguments.scopes.split())
