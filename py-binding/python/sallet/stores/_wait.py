"""Waiting until every worker has taken a change."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sallet.stores._interface import Store, Worker

_LOOK = 0.05
_LOST = 6.0
"""A worker reports every 2 seconds. One that has missed three of them is not waited for."""


def wait_for(store: Store, version: int, timeout: float) -> Mapping[str, Worker]:
    """Waits until every live worker has taken a version.

    ```python
    store = open_store("postgresql://…")
    late = wait_for(store, store.write([Revoke("ci-2026-11")]), timeout=5)
    ```

    Args:
        store: Where the workers read.
        version: What `write` returned.
        timeout: Seconds to wait at most.

    Returns:
        The workers that had not taken it by then; none, as soon as all have. One that is `silent` for more than 6
        seconds is not waited for: it was killed, as servers do it to theirs, or is cut off from the store, and then
        refuses by itself in at most `max_stale - silent` seconds.

    Raises:
        StoreError: The store does not answer.
    """
    end = time.monotonic() + timeout
    while True:
        late = {name: worker for name, worker in store.workers().items() if worker.version < version}
        if all(worker.silent > _LOST for worker in late.values()) or time.monotonic() >= end:
            return late
        time.sleep(_LOOK)
