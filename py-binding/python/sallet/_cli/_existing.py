"""Tokens that others have made: read from standard input, and only their SHA-256 is kept."""

from __future__ import annotations

import argparse
import getpass
import hashlib
import math
import re
import sys

from sallet import Key
from sallet._cli._arguments import MINTED, Misuse
from sallet._tables import masked

LEAST = 128
"""Bits. With fewer a thief of the digests could find tokens by trying, and the time of a look-up by index would tell of them."""

_ALPHABETS = ((r"[0-9]+", 10), (r"[0-9a-f-]+|[0-9A-F-]+", 16), (r"[0-9a-z]+|[0-9A-Z]+", 36), (r"[0-9A-Za-z]+", 62))


def add_hashing(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("--hash-token", action="store_true", help="read an existing token from standard input instead of making one")
    parser.add_argument("--bits", type=int, metavar="N", help=f"how many random bits that token has, at least {LEAST}; one that Sallet made needs none")


def read_token() -> str:
    """One line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("Token: ").strip()
    try:
        return sys.stdin.buffer.readline(1 << 16).decode("ascii").strip()
    except UnicodeDecodeError:
        raise Misuse("the token on standard input is not ASCII, and so none") from None


def hashed(token: str, bits: int | None, identity: str) -> bytes:
    """The SHA-256 of a token that is random enough.

    Raises:
        KeyringError: It could never arrive in a header, is too short, or is mistyped.
        Misuse: It has fewer than 128 random bits, or nobody says how many.
    """
    Key(identity, token=token)
    identity = masked(repr(identity))
    if not MINTED.fullmatch(token):  # what looks like it has the right checksum, or would be mistyped
        size = next((size for pattern, size in _ALPHABETS if re.fullmatch(pattern, token)), 68)
        most = int(len(token) * math.log2(size))
        if bits is None:
            raise Misuse(f"key {identity}: Sallet did not make this token: say how many random bits it has, with --bits {LEAST} or more")
        if bits < LEAST:
            raise Misuse(f"key {identity}: {bits} random bits are too few under a fast hash, {LEAST} are enough: make a new token, with sallet keys add")
        if bits > most:
            raise Misuse(f"key {identity}: a token of {len(token)} such characters has {most} random bits at most, not {bits}: make a new token")
    return hashlib.sha256(token.encode()).digest()
