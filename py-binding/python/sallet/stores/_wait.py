"""Waiting until every worker has taken a change."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sallet.stores._interface import Store, Worker

_LOOK = 0.05


def wait_for(store: Store, version: int, timeout: float) -> Mapping[str, Worker]:
    """Waits until every worker that may still admit has taken a version.

    ```python
    store = open_store("postgresql://…")
    late = wait_for(store, store.write([Revoke("ci-2026-11")]), timeout=5)
    ```

    Args:
        store: Where the workers read.
        version: What `write` returned.
        timeout: Seconds to wait at most.

    Returns:
        The workers that had not taken it by then; none, as soon as all have. A worker that is `silent` for long was
        killed or is cut off from the store: it refuses by itself after `max_stale - silent` more seconds.

    Raises:
        StoreError: The store does not answer.
    """
    end = time.monotonic() + timeout
    while True:
        late = {name: worker for name, worker in store.workers().items() if worker.version < version}
        if not late or time.monotonic() >= end:
            return late
        time.sleep(_LOOK)
