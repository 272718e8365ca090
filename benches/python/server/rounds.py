"""Requests per second of real servers that take turns under the same load."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from server.load import connected, run_fast
from server.process import START_SECONDS, Server, running
from turns import rounds

CONNECTIONS = 8
ALL_CONNECTIONS = (1, CONNECTIONS, 64)

TITLES = {
    "bare": "FastAPI, the route sends the same header bytes",
    "bare-again": "the same, another process (the noise)",
    "sallet": "Sallet, protect(headers, auth)",
    "pure": "pure Python, headers and bearer",
    "secweb": "Secweb 2, headers alone",
    "fsh": "fastapi-security-headers, headers alone",
    "secure": "secure 2, headers alone",
    "article": "article's BaseHTTPMiddleware, headers alone",
}
SAME_BYTES = ("bare-again", "sallet", "pure")  # as "bare", which is what makes it their measure
# Who is asked over other numbers of connections too.
GROWING = ("bare", "sallet", "pure", "article")


@dataclass(frozen=True)
class ServerPlan:
    rounds: int
    seconds: float  # of load for each, in each round
    warm_up: float = 0.4


@dataclass
class Lane:
    """One application over one number of connections; a value a round."""

    app: str
    connections: int
    rates: list[float] = field(default_factory=list)  # requests per second
    cpu: list[float] = field(default_factory=list)  # CPU microseconds of the server per request
    load: list[float] = field(default_factory=list)  # the share of the time in which the load itself was busy


def of_bare(values: Sequence[float], bare: Sequence[float]) -> list[float]:
    """The ratios of the rounds: what disturbs a whole round disturbs both."""
    return [ours / theirs for ours, theirs in zip(values, bare, strict=True)]


@dataclass
class Served:
    server: str
    lanes: list[Lane]

    def lane(self, app: str, connections: int = CONNECTIONS) -> Lane | None:
        wanted = (lane for lane in self.lanes if (lane.app, lane.connections) == (app, connections))
        return next(wanted, None)


def lanes(apps: Sequence[str], connections: Sequence[int]) -> list[Lane]:
    every = ((app, count) for app in apps for count in connections)
    return [Lane(app, count) for app, count in every if count == CONNECTIONS or app in GROWING]


def lines(answer: bytes) -> tuple[list[bytes], bytes]:
    """An answer without what the clock decides, its fields in one order."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return sorted(line for line in head.split(b"\r\n") if not line.startswith(b"date:")), body


async def first_answer(server: Server) -> bytes:
    """The application is there before the port listens: ask until it answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.is_alive():
        with contextlib.suppress(ConnectionRefusedError):
            async with connected(server.port, 1) as load:
                return load.answer
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{server.name} does not answer; what it said is above")


async def turn(server: Server, lane: Lane, seconds: float) -> None:
    async with connected(server.port, lane.connections) as load:
        before = server.cpu()
        asked = await load.run(seconds)
        lane.rates.append(asked.answers / asked.seconds)
        lane.cpu.append((server.cpu() - before) / asked.answers * 1e6)
        lane.load.append(asked.own_cpu / asked.seconds)


async def _run(kind: str, chosen: list[Lane], plan: ServerPlan) -> Served:
    with contextlib.ExitStack() as stack:
        servers = {app: stack.enter_context(running(kind, app)) for app in dict.fromkeys(lane.app for lane in chosen)}
        answers = {app: await first_answer(server) for app, server in servers.items()}
        for app, answer in answers.items():
            assert answer.startswith(b"HTTP/1.1 200"), f"{app}: {answer!r}"
            if app in SAME_BYTES:
                assert lines(answer) == lines(answers["bare"]), f"not the same bytes:\n{answer!r}\n{answers['bare']!r}"
        for app, server in servers.items():
            await turn(server, Lane(app, CONNECTIONS), plan.warm_up)
        for order in rounds(f"{kind}, {len(servers)} servers", plan.rounds, chosen):
            for lane in order:
                await turn(servers[lane.app], lane, plan.seconds)
    return Served(kind, chosen)


def measure_server(kind: str, chosen: list[Lane], plan: ServerPlan) -> Served:
    return run_fast(_run(kind, chosen, plan))


def measure_load(plan: ServerPlan) -> Lane:
    """What the load asks for where the server does next to nothing."""

    async def run() -> Lane:
        lane = Lane("canned", CONNECTIONS)
        with running("canned", "canned") as server:
            await first_answer(server)
            for _ in range(max(4, plan.rounds // 2)):
                await turn(server, lane, plan.seconds)
        return lane

    return run_fast(run())
