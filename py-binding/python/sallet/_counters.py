"""The counters of a `FailureThrottle`: `limits` counts, in this process or in Redis. Imported only where there is one."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from limits import RateLimitItem, parse_many
from limits.aio.strategies import FixedWindowRateLimiter as SharedLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from sallet._sallet import PolicyError

_LOG = logging.getLogger("sallet.auth")
_T = TypeVar("_T")

Key = tuple[str, str]
"""What failures are counted for: `("address", "192.0.2.7")`, `("other-site", "192.0.2.7")`, `("user", digest)`, `("token", digest)`."""

_PATIENCE = 0.5
"""Seconds that a request waits for Redis."""
_PAUSE = 5.0
"""Seconds in which Redis is not asked again after it has failed: each request would wait for it."""
_AT_ONCE = 32
"""Requests of a process that ask Redis at the same time; the others wait for their turn. Each has a connection, of which a pool has 100."""


class BoundedMemory(Storage):
    """Counters of which there are never more than `size`: the one that has counted nothing for longest gives way.

    The storage of `limits` itself has one for every client until its window ends. Here a client that wants its counter forgotten
    has to fail `size` times as others first, and each of those is counted too.
    """

    STORAGE_SCHEME = None

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.monotonic()
        with self._lock:
            count, end = self._counters.get(key, (0, 0.0))
            count, end = (count, end) if end > now else (0, now + expiry)
            self._counters[key] = (count + amount, end)
            self._counters.move_to_end(key)
            if len(self._counters) > self._size:
                self._counters.popitem(last=False)
        return count + amount

    def get(self, key: str) -> int:
        count, end = self._counters.get(key, (0, 0.0))
        return count if end > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        _, end = self._counters.get(key, (0, 0.0))
        return time.time() + max(0.0, end - time.monotonic())

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._counters.pop(key, None)


def rates_of(text: str) -> list[RateLimitItem]:
    """`"10/minute"`, or several: `"10/minute; 50/day"`."""
    try:
        rates = parse_many(text)
    except (ValueError, TypeError, AttributeError):
        rates = []
    if not rates or any(rate.amount < 1 for rate in rates):
        raise PolicyError(f'{text!r} is no rate: write a number above 0 and a time, as "10/minute" or "10/minute; 50/day"')
    return rates


class Counters:
    """Counts failures in this process, and in Redis too where there is one: what either has counted holds."""

    def __init__(self, rates: list[RateLimitItem], storage: str, size: int) -> None:
        self._rates = rates
        # Apart, so that a client with many wrong tokens pushes out no address.
        self.memory = {kind: BoundedMemory(size) for kind in ("address", "other-site", "user", "token")}
        self._local = {kind: FixedWindowRateLimiter(memory) for kind, memory in self.memory.items()}
        self._url = None if storage == "memory://" else f"async+{storage}"
        self._shared: tuple[Any, SharedLimiter, asyncio.Semaphore] | None = None
        self._away_until = -math.inf
        if self._url is not None:
            try:
                self._connect()
            except (ConfigurationError, ValueError):
                # Its words may hold the URL, and so a password.
                raise PolicyError('the URL of storage cannot be read: write "redis://localhost:6379", with the port') from None

    async def wait(self, keys: list[Key]) -> int | None:
        """Seconds until all of these may try again; `None` if they may now."""
        seconds = self._local_wait(keys)
        if seconds is None and self._url is not None:
            seconds = await self._ask_redis(self._shared_wait, keys)
            if seconds is None:
                # Others may have failed in this process while Redis was asked, and be on their way to it.
                seconds = self._local_wait(keys)
        return seconds

    async def count(self, keys: list[Key]) -> None:
        """Counts a failure of each: here before anything is awaited, so that no other request of this process is judged meanwhile."""
        for rate in self._rates:
            for key in keys:
                self._local[key[0]].hit(rate, *key)
        if self._url is not None:
            await self._ask_redis(self._shared_count, keys)

    def _local_wait(self, keys: list[Key]) -> int | None:
        ends = [
            self._local[key[0]].get_window_stats(rate, *key).reset_time
            for rate in self._rates
            for key in keys
            if not self._local[key[0]].test(rate, *key)
        ]
        return _seconds(ends)

    async def _ask_redis(self, ask: Callable[[SharedLimiter, list[Key]], Awaitable[_T]], keys: list[Key]) -> _T | None:
        """`None` also while Redis is away."""
        if not self._asks_redis():
            return None
        limiter, turns = self._limiter()
        # The wait for a turn is no sign that Redis is away: each of those before takes half a second at most.
        async with turns:
            if not self._asks_redis():
                return None
            try:
                return await asyncio.wait_for(ask(limiter, keys), _PATIENCE)
            except (StorageError, OSError, asyncio.TimeoutError) as error:
                self._is_away(error)
                return None

    def _connect(self) -> SharedLimiter:
        """A connection belongs to the event loop that has opened it."""
        storage: Any = storage_from_string(str(self._url), implementation="redispy", wrap_exceptions=True)
        return SharedLimiter(storage)

    def _limiter(self) -> tuple[SharedLimiter, asyncio.Semaphore]:
        loop = asyncio.get_running_loop()
        if self._shared is None or self._shared[0] is not loop:
            self._shared = (loop, self._connect(), asyncio.Semaphore(_AT_ONCE))
        return self._shared[1:]

    async def _shared_wait(self, limiter: SharedLimiter, keys: list[Key]) -> int | None:
        ends: list[float] = []
        for rate in self._rates:
            for key in keys:
                if not await limiter.test(rate, *key):
                    ends.append((await limiter.get_window_stats(rate, *key)).reset_time)
        return _seconds(ends)

    async def _shared_count(self, limiter: SharedLimiter, keys: list[Key]) -> None:
        for rate in self._rates:
            for key in keys:
                await limiter.hit(rate, *key)

    def _asks_redis(self) -> bool:
        return self._url is not None and time.monotonic() >= self._away_until

    def _is_away(self, error: Exception) -> None:
        if not self._asks_redis():
            return  # another request was as unlucky at the same time, and has said so
        # Its words may hold the URL, and so a password.
        cause = error.__cause__ or error
        self._away_until = time.monotonic() + _PAUSE
        _LOG.warning(
            "the storage of the throttle does not answer (%s), so this process counts failures by itself for %d seconds: "
            "see that Redis runs and that storage= names it",
            type(cause).__name__,
            _PAUSE,
        )


def _seconds(ends: list[float]) -> int | None:
    return max(1, math.ceil(max(ends) - time.time())) if ends else None
