"""A program that runs beside a test: it ends with the `with` block, and with this process, however that ends."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator

# The read returns when the other end of standard input is gone.
_DIE_WITH_PARENT = '"$@" & child=$!; read _; kill $child; wait $child'
_STOP_SECONDS = 30.0


@contextlib.contextmanager
def child(*command: str) -> Iterator[Callable[[], str]]:
    """Starts it; yields a function that gives what it has written so far."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["sh", "-c", _DIE_WITH_PARENT, "sh", *command], stdin=subprocess.PIPE, stdout=log, stderr=log
        )

        def written() -> str:
            log.seek(0)
            return log.read().decode(errors="replace")

        assert process.stdin is not None
        try:
            yield written
        finally:
            process.stdin.close()
            process.wait(_STOP_SECONDS)
