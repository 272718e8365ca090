"""Keep-alive load: each connection asks again as soon as the whole answer is there."""

from __future__ import annotations

import asyncio
import time

from keys import PRESENTED

REQUEST = (
    "GET /v1/items HTTP/1.1\r\n"
    "host: 127.0.0.1\r\n"
    "user-agent: sallet-bench\r\n"
    "accept: application/json\r\n"
    "accept-encoding: gzip, deflate, br, zstd\r\n"
    f"authorization: Bearer {PRESENTED}\r\n"
    "\r\n"
).encode()


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
        self.first = b""  # the first answer, for the comparison of the two servers
        self.broken: Exception | None = None
        self.running = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._expected: int | None = None
        self._got = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def go(self) -> None:
        self.running = True
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


class Load:
    """A number of connections to one port, opened once."""

    def __init__(self, port: int, connections: int) -> None:
        self.port = port
        self.size = connections
        self.connections: list[Connection] = []

    async def open(self) -> bytes:
        """Opens all connections and sends one request on each; returns an answer."""
        loop = asyncio.get_running_loop()
        for _ in range(self.size):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", self.port)
            self.connections.append(connection)
        await self.run(0.0)
        return self.connections[0].first

    async def run(self, seconds: float) -> tuple[int, float]:
        """Asks for that long; returns the number of answers and the time to the last of them."""
        before = sum(connection.answered for connection in self.connections)
        started = time.perf_counter()
        for connection in self.connections:
            connection.go()
        await asyncio.sleep(seconds)
        for connection in self.connections:
            connection.running = False
        for connection in self.connections:
            await asyncio.wait_for(connection.idle.wait(), 30)
            if connection.broken:
                raise connection.broken
        elapsed = time.perf_counter() - started
        return sum(connection.answered for connection in self.connections) - before, elapsed

    def close(self) -> None:
        for connection in self.connections:
            connection.transport.abort()
