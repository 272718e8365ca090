"""Real ASGI servers as subprocesses on the loopback interface, always stopped."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import http

TESTS = Path(__file__).resolve().parent.parent
APPS = TESTS / "apps"

KINDS = ("uvicorn", "hypercorn", "granian", "daphne")
START_SECONDS = 40.0

_running: set[Server] = set()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def _command(kind: str, target: str, port: int) -> list[str]:
    at = f"127.0.0.1:{port}"
    return {
        "uvicorn": ["uvicorn", target, "--host", "127.0.0.1", "--port", str(port)],
        # 0 workers: serve in this process instead of spawning one.
        "hypercorn": ["hypercorn", target, "--bind", at, "--workers", "0"],
        "granian": ["granian", target, "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)],
        "daphne": ["daphne", "-b", "127.0.0.1", "-p", str(port), target],
        # Its worker is an argument: `-k asgi`.
        "gunicorn": ["gunicorn", target, "--bind", at, "--no-control-socket"],
    }[kind]


class Server:
    """`Server("uvicorn", "module:attribute")` with the module taken from `tests/apps`."""

    def __init__(self, kind: str, target: str, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.kind = kind
        self.target = target
        self.arguments = arguments
        self.env = env or {}
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()

    def __repr__(self) -> str:
        return f"<{self.kind} {self.target} on port {self.port}>"

    def start(self) -> Server:
        # A free port can be taken between our look and the server's bind: try again with another.
        for attempt in range(3):
            try:
                self._start_once()
                return self
            except _PortTaken:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _start_once(self) -> None:
        self.port = free_port()
        command = [sys.executable, str(TESTS / "harness" / "launch.py"), *_command(self.kind, self.target, self.port)]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", **self.env}
        self._process = subprocess.Popen(
            [*command, *self.arguments],
            cwd=APPS,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(self)
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self._process.poll() is not None:
                log = self.log()
                self.stop()
                if "in use" in log:
                    raise _PortTaken(log)
                raise RuntimeError(f"{self!r} ended with {self._process.returncode} before it answered:\n{log}")
            try:
                http.request(self.port, path="/", timeout=2)
                return
            except (OSError, http.NoAnswer):
                if time.monotonic() > deadline:
                    log = self.log()
                    self.stop()
                    raise RuntimeError(f"{self!r} did not answer within {START_SECONDS} s:\n{log}") from None
                time.sleep(0.05)

    def log(self) -> str:
        # A second description of the same file would share the child's write position: read by offset instead.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> None:
        process = self._process
        _running.discard(self)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        if process.stdin is not None:
            process.stdin.close()

    # What a test does with it.

    def get(self, path: str = "/", headers: http.HeaderList = (), **options: object) -> http.Answer:
        return http.request(self.port, path=path, headers=headers, **options)  # type: ignore[arg-type]

    def websocket(self, path: str, headers: http.HeaderList = ()) -> http.Answer:
        return http.websocket(self.port, path, headers)


class _PortTaken(RuntimeError):
    pass


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()
