"""Rounds counted on standard error: one line that changes on a terminal, a line for every quarter in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator


def counted(what: str, count: int) -> Iterator[int]:
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
