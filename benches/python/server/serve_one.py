"""`python -m server.serve_one SERVER PORT`: one server on a loopback port, run by process.py.

Each with its own defaults but for logs and idle connections, and one worker. It ends when standard input ends, so that
it cannot outlive the one who started it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import cast


def uvicorn(port: int) -> None:
    import uvicorn

    uvicorn.run("server.apps:served", factory=True, port=port, log_level="warning", access_log=False)


def granian(port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "server.apps:served", port=port, factory=True, interface=Interfaces.ASGI, log_level=LogLevels.warning
    ).serve()


def canned(port: int) -> None:
    """No HTTP and no application: as many bytes for every piece that comes. What the load could ask for at most."""
    from server.apps import tell_cpu
    from server.load import run_fast

    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n" + bytes(900)

    class Canned(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

        def data_received(self, data: bytes) -> None:
            self.transport.write(answer)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port)
        tell_cpu(int(os.environ["SALLET_BENCH_CPU"]))
        await server.serve_forever()

    run_fast(serve())


SERVERS: dict[str, Callable[[int], None]] = {"uvicorn": uvicorn, "granian": granian, "canned": canned}


def main() -> None:
    def end_with_the_starter() -> None:
        # Not through sys.stdin: its lock would be held for ever in the worker that granian forks.
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_the_starter, daemon=True).start()
    SERVERS[sys.argv[1]](int(sys.argv[2]))


if __name__ == "__main__":
    main()
