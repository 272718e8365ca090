"""Contenders take turns until the noise cancels."""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bare import receive, request, send
from checks import check
from contenders import Contender
from keys import PRESENTED
from progress import counted


@dataclass(frozen=True)
class Plan:
    rounds: int
    batch_ms: float  # how long one contender runs before the next has its turn


@dataclass(frozen=True)
class Spread:
    """The median and the middle half of a series."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        low, median, high = statistics.quantiles(values, n=4)
        return cls(low, median, high)


@dataclass
class Row:
    contender: Contender
    headers: int  # that the contender adds
    total: list[float] = field(default_factory=list)  # seconds per request, one value a round
    added: list[float] = field(default_factory=list)  # the same minus the baseline's of that round

    def as_json(self) -> dict[str, Any]:
        added = Spread.of(self.added)
        return {
            "row": self.contender.name,
            "title": self.contender.title,
            "headers": self.headers,
            "baseline": self.contender.over,
            "total_us": statistics.median(self.total) * 1e6,
            "added_us": {"low": added.low * 1e6, "median": added.median * 1e6, "high": added.high * 1e6},
        }


async def batch(app: Any, count: int) -> float:
    """CPU seconds per request. A new scope and state for each, as a server makes them; that is in every row alike."""
    scope = request(PRESENTED)
    # Not the wall's clock: what another process takes meanwhile is nobody's cost. All work is in this thread.
    clock = time.thread_time
    started = clock()
    for _ in range(count):
        await app({**scope, "state": {}}, receive, send)
    return (clock() - started) / count


async def _run(rows: list[Row], plan: Plan) -> None:
    target = plan.batch_ms / 1e3
    counts: dict[str, int] = {}
    for row in rows:
        await batch(row.contender.app, 100)  # lets the interpreter specialise what it runs
        once = await batch(row.contender.app, 100)
        counts[row.contender.name] = max(20, int(target / once))

    order = list(rows)
    for _ in counted(f"in process, {len(rows)} rows", plan.rounds):
        random.shuffle(order)
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


def measure(contenders: Sequence[Contender], plan: Plan) -> list[Row]:
    rows = [Row(contender, asyncio.run(check(contender))) for contender in contenders]
    gc.collect()
    gc.freeze()  # what is there already is not walked again before each batch
    asyncio.run(_run(rows, plan))
    return rows
