"""Keep-alive load: each connection asks again as soon as the whole answer is there."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from request import PRESENTED

T = TypeVar("T")

REQUEST = (
    "GET /v1/items HTTP/1.1\r\n"
    "host: 127.0.0.1\r\n"
    "user-agent: sallet-bench\r\n"
    "accept: application/json\r\n"
    "accept-encoding: gzip, deflate, br, zstd\r\n"
    f"authorization: Bearer {PRESENTED}\r\n"
    "\r\n"
).encode()


def run_fast(main: Coroutine[Any, Any, T]) -> T:
    """On uvloop, the loop of the servers too; the load must not be the slower side."""
    import uvloop

    return uvloop.run(main)


def length_of(answer: bytes) -> int | None:
    """How long the whole answer is, or None while its head is not complete."""
    head, found, _ = answer.partition(b"\r\n\r\n")
    if not found:
        return None
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + len(found) + int(value)
    raise ValueError("an answer without content-length")


class Connection(asyncio.Protocol):
    """Every answer of one server is equally long, so that after the first it is enough to count bytes."""

    def __init__(self) -> None:
        self.answered = 0
        self.first = b""  # the first answer, for the comparison of the servers
        self.broken: Exception | None = None
        self.running = False
        self.idle = asyncio.Event()
        self._expected: int | None = None
        self._got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def go(self, on: bool) -> None:
        self.running = on
        self.idle.clear()
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if not self.answered:
            self.first += data
            self._expected = length_of(self.first)
        self._got += len(data)
        if self._expected is None or self._got < self._expected:
            return
        self._got = 0
        self.answered += 1
        if self.running:
            self.transport.write(REQUEST)
        else:
            self.idle.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.broken = error or ConnectionError("the server closed a connection")
        self.idle.set()


@dataclass(frozen=True)
class Asked:
    """What came of one stretch of load."""

    answers: int
    seconds: float
    own_cpu: float  # CPU seconds that the load itself took


class Load:
    """A number of connections to one port, each of which has asked once."""

    def __init__(self, connections: list[Connection]) -> None:
        self.connections = connections

    @property
    def answer(self) -> bytes:
        return self.connections[0].first

    async def once(self) -> None:
        for connection in self.connections:
            connection.go(on=False)
        await self._idle()

    async def run(self, seconds: float) -> Asked:
        """Asks for that long, and counts up to the last answer."""
        before = self._answered()
        started, cpu = time.perf_counter(), time.process_time()
        for connection in self.connections:
            connection.go(on=True)
        await asyncio.sleep(seconds)
        for connection in self.connections:
            connection.running = False
        await self._idle()
        return Asked(self._answered() - before, time.perf_counter() - started, time.process_time() - cpu)

    def _answered(self) -> int:
        return sum(connection.answered for connection in self.connections)

    async def _idle(self) -> None:
        for connection in self.connections:
            await asyncio.wait_for(connection.idle.wait(), 30)
            if connection.broken:
                raise connection.broken


@contextlib.asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[Load]:
    """Opened for one turn: a server that idles through the turns of the others may close what is idle too long."""
    loop = asyncio.get_running_loop()
    connections: list[Connection] = []
    try:
        for _ in range(count):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
            connections.append(connection)
        load = Load(connections)
        await load.once()
        yield load
    finally:
        for connection in connections:
            connection.transport.close()
