"""`serve_one.py bare|worn`: uvicorn on a free loopback port, run by server_rounds.py as a process of its own.

Prints the port, then the CPU seconds used so far for each line that it reads. Stops when standard input ends, so that
it cannot outlive the one who started it.
"""

from __future__ import annotations

import socket
import sys
import threading
import time

import uvicorn

import server_apps


def main() -> None:
    app = getattr(server_apps, sys.argv[1])()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", log_level="warning", access_log=False))

    def answer() -> None:
        for _ in sys.stdin:
            print(time.process_time(), flush=True)
        server.should_exit = True

    threading.Thread(target=answer, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
