"""A line now and then, on standard error, about what takes long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_EVERY = 2.0
"""Seconds. What is done sooner says nothing."""


def counted(things: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
    """The things, while every two seconds a line says how many went by."""
    next_line = time.monotonic() + _EVERY
    for number, thing in enumerate(things, 1):
        yield thing
        if number % 64 == 0 and time.monotonic() >= next_line:
            of = f" of {total:,}" if total else ""
            print(f"sallet: {doing}: {number:,}{of}", file=sys.stderr, flush=True)
            next_line = time.monotonic() + _EVERY


@contextmanager
def working(on: str) -> Iterator[None]:
    """Says every some seconds that a step which counts nothing goes on."""
    done = threading.Event()
    start = time.monotonic()

    def say() -> None:
        while not done.wait(5):
            print(f"sallet: at work on {on}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)

    threading.Thread(target=say, daemon=True).start()
    try:
        yield
    finally:
        done.set()
