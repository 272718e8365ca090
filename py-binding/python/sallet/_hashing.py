"""Where passwords are hashed: a few at once, in threads of their own, and some that wait."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Threads:
    """Runs at most `parallel` calls at once, and lets `waiting` more wait."""

    def __init__(self, parallel: int, waiting: int) -> None:
        self._parallel, self._waiting = parallel, waiting
        self._start()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=functools.partial(_start_again, weakref.ref(self)))

    def _start(self) -> None:
        self._room = threading.BoundedSemaphore(self._parallel + self._waiting)
        self._pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="sallet-passwords")

    def submit(
        self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> asyncio.Future[_T] | None:
        """The result to come, or `None` where as many wait as may.

        If the future is cancelled, what waits is not run; what runs keeps its place to the end, so
        that no more run at once because clients gave up.
        """
        room = self._room
        if not room.acquire(blocking=False):
            return None
        try:
            future = self._pool.submit(function, *args, **kwargs)
        except BaseException:
            room.release()
            raise
        future.add_done_callback(lambda _: room.release())
        return asyncio.wrap_future(future)


def _start_again(this: weakref.ref[Threads]) -> None:
    """A child process has none of the threads, and an executor that believes they are there."""
    if (threads := this()) is not None:
        threads._start()


class Remembered:
    """Passwords that were right a moment ago, as keyed digests: neither they nor their hashes.

    The key is drawn when the process starts and never leaves it. Without it a digest is of no use;
    who reads this memory has the key too, and guesses at the speed of BLAKE2.
    """

    _MOST = 1024

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._key = os.urandom(32)
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def digest(self, stored: str, secret: bytes) -> bytes:
        """Names a password by the stored hash that it has, so that a new hash forgets it."""
        # No stored hash has a NUL, so no two pairs are one text.
        return hashlib.blake2b(stored.encode() + b"\0" + secret, key=self._key, digest_size=32).digest()

    def __contains__(self, digest: bytes) -> bool:
        return self._until.get(digest, 0.0) > time.monotonic()

    def add(self, digest: bytes) -> None:
        """Keeps it from now on; the oldest give way, and those whose time is over are dropped."""
        now = time.monotonic()
        with self._lock:
            self._until.pop(digest, None)
            self._until[digest] = now + self._seconds
            while len(self._until) > self._MOST or next(iter(self._until.values())) <= now:
                del self._until[next(iter(self._until))]
