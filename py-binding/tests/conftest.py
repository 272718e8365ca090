"""Session-wide servers: each (server, application, arguments) is started once, on first use, and always stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from harness.servers import APPS, Server

sys.path.insert(0, str(APPS))


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[..., Server]]:
    """`server("uvicorn", "module:attribute", *arguments)` gives the running server."""
    running: dict[tuple[object, ...], Server] = {}

    def get(kind: str, target: str, *arguments: str, **env: str) -> Server:
        key = (kind, target, arguments, tuple(sorted(env.items())))
        if key not in running:
            running[key] = Server(kind, target, *arguments, env=env).start()
        return running[key]

    yield get
    for started in running.values():
        started.stop()
