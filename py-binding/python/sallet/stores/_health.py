"""What the log hears of a store that does not answer, and of rows that are wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sallet._reload import log
from sallet._tables import masked
from sallet.stores._errors import StoreError

_AGAIN = 60.0
"""Seconds between two lines about the same."""
_MOST_NAMED = 20


class Health:
    """One line when a store does not answer, one a minute while that lasts, one when requests are refused, one at its end."""

    def __init__(self, name: str, max_stale: float) -> None:
        self._name = name
        self._max_stale = max_stale
        #: When the question was asked that was answered last.
        self._answered: float | None = None
        self._told: float | None = None
        self._refuses = False

    def fails(self, error: StoreError) -> None:
        # As text: a handler that keeps records would keep the frames of the error, and the keyring in them.
        now = time.monotonic()
        left = -1.0 if self._answered is None else self._max_stale - (now - self._answered)
        due = self._told is None or now - self._told >= _AGAIN
        if left > 0:
            if due:
                log.warning("%s; the keys that were read before stay in force for %.0f s more", str(error), left)
                self._told = now
        elif due or not self._refuses:
            log.error("%s; until then every request that needs a key is refused with 503", str(error))
            self._told, self._refuses = now, True

    def answers(self, asked: float) -> None:
        if self._told is not None:
            log.warning("%s answers again, and its keys are in force", self._name)
        self._answered, self._told, self._refuses = asked, None, False


def name_problems(name: str, problems: Sequence[tuple[str, str]]) -> None:
    """Rows that are wrong: each is out of force, and no other is."""
    for identity, problem in problems[:_MOST_NAMED]:
        log.error("%s: key %s is out of force: %s", name, masked(repr(identity)), masked(problem))
    if len(problems) > _MOST_NAMED:
        log.error("%s: %d more keys are out of force", name, len(problems) - _MOST_NAMED)
