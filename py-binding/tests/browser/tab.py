"""What a test does with a tab of either browser."""

from __future__ import annotations

import abc
import time
from typing import Any

PATIENCE_SECONDS = 20.0


class Tab(abc.ABC):
    """A tab that keeps nothing from an earlier one."""

    @abc.abstractmethod
    def goto(self, url: str) -> None:
        """Opens a URL and waits until all of it is loaded."""

    @abc.abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited, as JSON has it. Run by the debugger: no policy holds it back."""

    @property
    @abc.abstractmethod
    def violations(self) -> list[dict[str, Any]]:
        """Every violation of a Content-Security-Policy that was reported in the tab."""

    def until(self, expression: str) -> Any:
        """Waits until an expression is true, and gives its value."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while True:
            if value := self.evaluate(expression):
                return value
            assert time.monotonic() < limit, f"not true in {PATIENCE_SECONDS:.0f} s: {expression}"
            time.sleep(0.05)
