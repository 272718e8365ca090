"""What a test needs and this machine lacks: said aloud, and never passed over in CI.

`need("chromium", "no browser on PATH", "apt-get install chromium")` stops the test that calls it. Everywhere else that
is a skip whose line reads `SKIPPED: what, why, how to get it`; under SALLET_NO_SKIP=1 (CI) it is a failure.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

NO_SKIP = os.environ.get("SALLET_NO_SKIP") == "1"


def need(what: str, why: str, how: str) -> NoReturn:
    """Stops the running test (or the collecting module): this machine has no `what`."""
    line = f"SKIPPED: {what}, {why}, {how}"
    if NO_SKIP:
        pytest.fail(f"{line} (SALLET_NO_SKIP=1: a skip is a failure)", pytrace=False)
    pytest.skip(line, allow_module_level=True)


def program(*names: str, how: str) -> str:
    """The path of the first of `names` that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    need(names[0], "not on PATH", how)
