"""Real stores for the tests: servers of Debian's packages on free ports, and a proxy that loses what it is told to."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from needs import need, program

from .servers import free_port

START_SECONDS = 60.0
PASSWORD = "p%s/w@rd-of-the-store"
"""With characters that a URL has to encode."""
QUOTED = "p%25s%2Fw%40rd-of-the-store"


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for something that happens by itself; generous, because a clock proves nothing here."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited for {seconds:g} s"
        time.sleep(0.01)


class Place:
    """A store that can be stopped, started again and emptied."""

    kind: str
    port: int
    url: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def empty(self) -> None: ...

    def via(self, port: int) -> str:
        """The URL through a proxy."""
        return self.url.replace(f":{self.port}/", f":{port}/")


class _Server(Place):
    _process: subprocess.Popen[bytes] | None = None

    def _spawn(self, command: Sequence[str], folder: Path) -> None:
        with open(folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _answers(self) -> bool:
        raise NotImplementedError

    def _wait(self, folder: Path) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process is not None and self._process.poll() is None, (folder / "log").read_text(errors="replace")
            assert time.monotonic() < end, (folder / "log").read_text(errors="replace")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class Redis(_Server):
    kind = "redis"

    def __init__(self, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self._folder, self._prefix = folder, prefix
        self.port = free_port()
        self.url = f"redis://:{QUOTED}@127.0.0.1:{self.port}/0"
        self._program = program("redis-server", "valkey-server", how="apt-get install redis-server")

    def start(self) -> None:
        if self._process is not None:
            return
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--requirepass", PASSWORD]
        self._spawn([*self._prefix, self._program, *options, "--save", "", "--appendonly", "yes", "--appendfsync", "always"], self._folder)
        self._wait(self._folder)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except Exception:
            return False

    def client(self):  # type: ignore[no-untyped-def]
        import redis

        return redis.Redis(port=self.port, password=PASSWORD, socket_timeout=10, protocol=2)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)
        self._process = None

    def empty(self) -> None:
        self.client().flushall()


class Postgres(_Server):
    kind = "postgres"

    def __init__(self, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        where = found[-1] if found else None
        initdb = shutil.which("initdb", path=where)
        if initdb is None:
            need("postgres", "no initdb in /usr/lib/postgresql or on PATH", "apt-get install postgresql")
        self._bin = Path(initdb).parent
        self._folder, self._prefix = folder / "data", prefix
        self.port = free_port()
        # It refuses to be run by root.
        self._as: list[str] = []
        if os.geteuid() == 0:
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            folder.chmod(0o777)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = ["-U", "sallet", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*self._as, initdb, "-D", str(self._folder), *options], check=True, capture_output=True, cwd="/")
        self.url = f"postgresql://sallet:{QUOTED}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        if self._process is not None:
            return
        options = ["-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        command = [*self._prefix, *self._as, str(self._bin / "postgres"), "-D", str(self._folder), *options, "-c", "shared_buffers=32MB"]
        self._spawn(command, self._folder.parent)
        self._wait(self._folder.parent)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(2)  # fast: sessions are ended
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(3)  # immediate: as a crash
        self._process.wait(60)
        self._process = None

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except Exception:
            return False
        return True

    def connect(self):  # type: ignore[no-untyped-def]
        import psycopg

        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    def empty(self) -> None:
        with self.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS sallet_keys, sallet_used, sallet_workers, sallet_history, sallet_store")


class Sqlite(Place):
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys.db"
        self.url = f"sqlite:///{self.path}"
        self.port = 0

    def stop(self) -> None:
        """A file is away when it cannot be found."""
        if not self.path.exists():
            return
        for path in (self.path, *self.path.parent.glob("keys.db-*")):
            path.rename(path.parent / f"away-{path.name}")

    def start(self) -> None:
        for path in self.path.parent.glob("away-*"):
            path.rename(path.parent / path.name.removeprefix("away-"))

    kill = stop

    def empty(self) -> None:
        for path in self.path.parent.glob("*keys.db*"):
            path.unlink()


class Proxy:
    """Carries bytes to a server, until it is told to lose them, or to end the connections."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._loses = False
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, loses: bool = True) -> None:
        """From now on nothing arrives, in both directions, and nobody is told. What was lost does not come back."""
        self._loses = loses
        if not loses:
            self.cut()

    def cut(self) -> None:
        for one in list(self._sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                self.accepted += 1
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                if self._listener.fileno() < 0:
                    return
                near.close()
                continue
            self._sockets |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                if not self._loses:
                    other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()
                self._sockets.discard(end)
