"""Steps that a machine cannot do: said aloud, and a failure where none may be left out."""

from __future__ import annotations

import os


class Skipped(Exception):
    """What, why, and how to get it."""

    def __init__(self, what: str, why: str, how: str) -> None:
        super().__init__(f"SKIPPED: {what}, {why}, {how}")


class Failed(Exception):
    """A promise that does not hold; the message says which, and what was found."""


def expect(holds: bool, message: str) -> None:
    if not holds:
        raise Failed(message)


def skips_are_failures() -> bool:
    return os.environ.get("SALLET_NO_SKIP") == "1"
