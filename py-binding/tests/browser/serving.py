"""A real uvicorn in a thread, on a free loopback port, that stops with the `with` block."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

START_LIMIT = 10.0
# A browser keeps connections open; they must not hold up the end of a test.
DEFAULTS: dict[str, Any] = {"log_level": "warning", "timeout_graceful_shutdown": 1}


@contextlib.contextmanager
def serve(app: Any, *, at: int = 0, **options: Any) -> Iterator[int]:
    """Serves `app`, at a port that it knows already or at a free one, and yields its port; `options` are uvicorn's own
    (root_path, ssl_certfile, ...)."""
    # The socket is bound here, not by uvicorn, so that nobody can take the port in between.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", at))
    server = uvicorn.Server(uvicorn.Config(app, **{**DEFAULTS, **options}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        limit = time.monotonic() + START_LIMIT
        while not server.started:
            if not thread.is_alive() or time.monotonic() > limit:
                raise RuntimeError("uvicorn did not start; its own log says why")
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(START_LIMIT)
        listener.close()
