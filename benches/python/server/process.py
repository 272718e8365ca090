"""A server as a process of its own, always stopped."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0

# Below what systems give to the near end of a connection: the load's own would take the port from the server.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port among {PORTS.start} to {PORTS.stop}")


class Server:
    def __init__(self, kind: str, app: str) -> None:
        self.port = free_port()
        self.name = f"{kind} with {app}"
        with socket.create_server(("127.0.0.1", 0)) as listener:
            names = {"SALLET_BENCH_APP": app, "SALLET_BENCH_CPU": str(listener.getsockname()[1])}
            command = [sys.executable, "-m", "server.serve_one", kind, str(self.port)]
            self.process = subprocess.Popen(command, cwd=FOLDER, env={**os.environ, **names}, stdin=subprocess.PIPE)
            try:
                self._cpu = self._worker(listener)
            except BaseException:
                self.stop()
                raise

    def _worker(self, listener: socket.socket) -> socket.socket:
        listener.settimeout(0.1)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_alive():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(30)
                return connection
        raise RuntimeError(f"{self.name} did not start; what it said is above")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def cpu(self) -> float:
        """CPU seconds that the process which does the work has used, in all its threads."""
        self._cpu.sendall(b"?")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = self._cpu.recv(64)
            if not piece:
                raise RuntimeError(f"{self.name} ended; what it said is above")
            answer += piece
        return float(answer)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(kind: str, app: str) -> Iterator[Server]:
    server = Server(kind, app)
    try:
        yield server
    finally:
        server.stop()
