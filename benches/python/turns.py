"""Contenders take turns until the noise cancels: rounds in a new order each, and the middle half of what they show."""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


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


def rounds(what: str, count: int, contenders: Sequence[T]) -> Iterator[list[T]]:
    """Everybody in a new order, `count` times: whoever goes second meets a warmer machine."""
    for _ in counted(what, count):
        order = list(contenders)
        random.shuffle(order)
        yield order


def counted(what: str, count: int) -> Iterator[int]:
    """Counts on standard error: one line that changes on a terminal, a line for every quarter in a log."""
    live = sys.stderr.isatty()
    quarters = {count * quarter // 4 for quarter in (1, 2, 3, 4)}
    for index in range(count):
        if live:
            print(f"\r\x1b[K==> {what}: round {index + 1} of {count}", end="", file=sys.stderr, flush=True)
        yield index
        if not live and index + 1 in quarters:
            print(f"==> {what}: {index + 1} of {count} rounds", file=sys.stderr, flush=True)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
