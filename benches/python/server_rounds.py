"""Requests per second of two uvicorn processes that take turns under the same load."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from load import Load
from progress import counted

HERE = Path(__file__).resolve().parent
CONNECTIONS = 8
WARM_UP = 0.5


@dataclass(frozen=True)
class ServerPlan:
    rounds: int
    seconds: float  # of load for each of the two, in each round


@dataclass
class Served:
    """Requests per second and the server's CPU microseconds per request, one value a round."""

    bare: list[float] = field(default_factory=list)
    worn: list[float] = field(default_factory=list)
    bare_cpu: list[float] = field(default_factory=list)
    worn_cpu: list[float] = field(default_factory=list)
    connections: int = CONNECTIONS

    bare_title = "FastAPI, the route sends the same header bytes"
    worn_title = "FastAPI, protect(headers, auth)"

    def as_json(self) -> dict[str, Any]:
        return {
            "bare_per_second": self.bare,
            "worn_per_second": self.worn,
            "bare_cpu_us": self.bare_cpu,
            "worn_cpu_us": self.worn_cpu,
            "connections": self.connections,
        }


class Server:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = int(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended; what it said is above")
        return line

    def cpu(self) -> float:
        """CPU seconds the server has used."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._line())


@contextlib.contextmanager
def served(name: str) -> Iterator[Server]:
    command = [sys.executable, str(HERE / "serve_one.py"), name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def connected(server: Server) -> tuple[Load, bytes]:
    """The port is bound before the server listens: ask until it answers."""
    load = Load(server.port, CONNECTIONS)
    for _ in range(200):
        try:
            return load, await load.open()
        except ConnectionRefusedError:
            if server.process.poll() is not None:
                raise RuntimeError("the server ended before it answered") from None
            await asyncio.sleep(0.05)
    raise RuntimeError("the server does not answer")


def lines(answer: bytes) -> tuple[list[bytes], bytes]:
    """An answer without what the clock decides, its fields in one order."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return sorted(line for line in head.split(b"\r\n") if not line.startswith(b"date:")), body


async def _run(plan: ServerPlan) -> Served:
    result = Served()
    with served("bare") as bare, served("worn") as worn:
        bare_load, bare_answer = await connected(bare)
        worn_load, worn_answer = await connected(worn)
        assert bare_answer.startswith(b"HTTP/1.1 200"), bare_answer
        assert lines(bare_answer) == lines(worn_answer), f"not the same bytes:\n{bare_answer!r}\n{worn_answer!r}"

        async def turn(server: Server, load: Load, rates: list[float], cpu: list[float]) -> None:
            before = server.cpu()
            count, elapsed = await load.run(plan.seconds)
            rates.append(count / elapsed)
            cpu.append((server.cpu() - before) / count * 1e6)

        for load in (bare_load, worn_load):
            await load.run(WARM_UP)
        for index in counted("uvicorn, two servers", plan.rounds):
            pair = [(bare, bare_load, result.bare, result.bare_cpu), (worn, worn_load, result.worn, result.worn_cpu)]
            # Whoever goes second meets a warmer machine: they change places.
            for one in pair if index % 2 == 0 else reversed(pair):
                await turn(*one)
        bare_load.close()
        worn_load.close()
    return result


def measure_server(plan: ServerPlan) -> Served:
    return asyncio.run(_run(plan))
