"""The request that everyone is sent, and the keys that it is checked against."""

from __future__ import annotations

import hashlib
from typing import Any

COUNT = 16


def token(index: int) -> str:
    """As long as a minted token (53 characters: one SHA-256 block), but the same in every run and every process."""
    text = hashlib.sha256(b"benchmark key %d" % index).hexdigest()
    return f"bench-{text[:47]}"


PRESENTED = token(COUNT // 2)
WRONG = token(-1)


def ring(count: int) -> dict[str, str]:
    """So many keys. The presented one stands in the middle: a check that stops at the first match would gain half."""
    others = (token(index) for index in range(count) if index != COUNT // 2)
    tokens = [PRESENTED if index == count // 2 else next(others) for index in range(count)]
    return {f"key-{index}": text for index, text in enumerate(tokens)}


TOKENS = ring(COUNT)


def request() -> dict[str, Any]:
    """The scope of a browser's fetch(), as uvicorn passes it on."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "https",
        "method": "GET",
        "root_path": "",
        "path": "/v1/items",
        "raw_path": b"/v1/items",
        "query_string": b"",
        "headers": [
            (b"host", b"api.example"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156"),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip, deflate, br, zstd"),
            (b"accept-language", b"en-GB,en;q=0.9"),
            (b"authorization", b"Bearer " + PRESENTED.encode()),
            (b"origin", b"https://app.example"),
            (b"sec-fetch-mode", b"cors"),
        ],
    }
