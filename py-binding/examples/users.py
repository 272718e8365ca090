"""The users of the example apps, in a SQLite file that is made on the first run.

Only the SHA-256 digest of a token is stored: a thief of the file cannot sign in with it. That is
enough because a minted token has 256 random bits; a password would need Argon2.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from sallet import Credentials, generate_token

DATABASE = Path(os.environ.get("ARTICLE_DB") or Path(__file__).with_name("data") / "users.sqlite3")

DEMO_USERS = {"alice": "items:read items:write", "bob": "items:read"}


@dataclass(frozen=True)
class User:
    id: int
    name: str
    scopes: tuple[str, ...]


async def fetch_user(credentials: Credentials) -> User | None:
    """The user whose token this is. sqlite3 blocks, so it runs in a thread."""
    return await asyncio.to_thread(_find, _digest(credentials.token))


def create_database(path: Path = DATABASE) -> dict[str, str]:
    """Makes the file with its demo users if there are none; the tokens of those it has made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as database:
        # Takes the lock before it looks, so that two workers starting at once make one set.
        database.isolation_level = None
        database.execute("BEGIN IMMEDIATE")
        database.execute(
            "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " scopes TEXT NOT NULL, token_sha256 BLOB NOT NULL UNIQUE)"
        )
        tokens: dict[str, str] = {}
        if database.execute("SELECT count(*) FROM users").fetchone() == (0,):
            tokens = {name: generate_token() for name in DEMO_USERS}
            database.executemany(
                "INSERT INTO users (name, scopes, token_sha256) VALUES (?, ?, ?)",
                [(name, DEMO_USERS[name], _digest(token)) for name, token in tokens.items()],
            )
        database.execute("COMMIT")
    return tokens


def announce(tokens: dict[str, str]) -> None:
    """Shows new tokens, once: from here on only their digests exist."""
    for name, token in tokens.items():
        print(f"new token for {name}, shown once: {token}", file=sys.stderr)


def _find(digest: bytes) -> User | None:
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        row = database.execute(
            "SELECT id, name, scopes FROM users WHERE token_sha256 = ?", (digest,)
        ).fetchone()
    return None if row is None else User(row[0], row[1], tuple(row[2].split()))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
