"""The time that a middleware adds to one ASGI call, without a server."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contenders.bare import receive, send
from contenders.checks import Seen, check
from contenders.rows import Contender
from request import request
from turns import rounds


@dataclass(frozen=True)
class Plan:
    rounds: int
    batch_ms: float  # how long one contender runs before the next has its turn


@dataclass
class Row:
    contender: Contender
    seen: Seen
    total: list[float] = field(default_factory=list)  # microseconds per request, one value a round
    added: list[float] = field(default_factory=list)  # the same minus the baseline's of that round

    @property
    def is_baseline(self) -> bool:
        return self.contender.name == self.contender.over


async def batch(app: Any, count: int) -> float:
    """CPU microseconds per request. A new scope and state for each, as a server makes them; in every row alike."""
    scope = request()
    # Not the wall's clock: what another process takes meanwhile is nobody's cost. All work is in this thread.
    clock = time.thread_time
    started = clock()
    for _ in range(count):
        await app({**scope, "state": {}}, receive, send)
    return (clock() - started) / count * 1e6


async def _run(what: str, rows: list[Row], plan: Plan) -> None:
    counts: dict[str, int] = {}
    for row in rows:
        await batch(row.contender.app, 100)  # lets the interpreter specialise what it runs
        once = await batch(row.contender.app, 100)
        counts[row.contender.name] = max(10, int(plan.batch_ms * row.contender.longer * 1e3 / once))

    for order in rounds(what, plan.rounds, rows):
        seen: dict[str, float] = {}
        for row in order:
            gc.collect()
            gc.disable()
            try:
                seen[row.contender.name] = await batch(row.contender.app, counts[row.contender.name])
            finally:
                gc.enable()
        for row in rows:
            row.total.append(seen[row.contender.name])
            row.added.append(seen[row.contender.name] - seen[row.contender.over])


def measure(what: str, contenders: Sequence[Contender], plan: Plan) -> list[Row]:
    rows = [Row(contender, asyncio.run(check(contender))) for contender in contenders]
    gc.collect()
    gc.freeze()  # what is there already is not walked again before each batch
    asyncio.run(_run(what, rows, plan))
    return rows
