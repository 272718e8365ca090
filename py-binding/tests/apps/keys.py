"""The tokens and keyrings of the test applications. The tokens open nothing but these tests."""

from __future__ import annotations

from sallet import Key, Keyring

READER = "test-reader-5lIAQhTnB1uzXoLq0vY7kEw2JrcM8dFs"
WRITER = "test-writer-Zt3UeGgN9bKpV4aCx6RHiDyO1mWfSj0Q"
EXPIRED = "test-expired-u8Pq2YcL5nXz0RvTjK7aMhE4dWsGfB1i"
EARLY = "test-early-H6kQe9ZoV3pRtYx1WmUc8LfJb2NaSgDi"
UNKNOWN = "test-unknown-Gd7Xr2KvLw0QyPz5UnTjBe9CfMhIa4Os"


def keyring() -> Keyring:
    return Keyring(
        [
            Key("reader-1", token=READER, principal="reader", scopes=["items:read"]),
            Key("writer-1", token=WRITER, principal="writer", scopes=["items:read", "items:write"]),
            Key("expired-1", token=EXPIRED, principal="reader", not_after=1_000_000_000),
            Key("early-1", token=EARLY, principal="reader", not_before=32_503_680_000),
        ]
    )
