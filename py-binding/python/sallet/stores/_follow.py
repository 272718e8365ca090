"""A keyring that follows a store: one thread, which holds a snapshot and hears of changes.

The thread is a daemon and keeps nothing alive. It ends when its keyring is dropped and when the process
ends; a process that is forked starts one of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import random
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sallet.stores._errors import EmptyError, SetupError, StoreError
from sallet._reload import log
from sallet.stores._health import Health, name_problems
from sallet.stores._interface import Delta, Store
from sallet.stores._open import open_store

if TYPE_CHECKING:
    from sallet.keyring import Keyring

_POLL = 0.7
"""Seconds after which the version is asked for when nothing was heard. It bounds how long a lost message is missed."""
_BEAT = 2.0
"""Seconds between two reports of a worker whose version is the same."""
_UNHEARD = 10.0
"""Seconds in which no report has reached a store that answers otherwise, until the log hears of it."""
_LONGEST_PAUSE = 2.0
"""Seconds between two attempts to reach a store, at most: a revocation may be missed for so long after it is back."""
_FIRST = 10.0
"""Seconds that `from_store` waits for the first snapshot."""
_DOUBT = 10.0
"""Seconds between two full loads because of rows that are wrong."""
_SHORTEST_STALE = 2.0


def follow(ring: Keyring, url: str, max_stale: float) -> None:
    """Fills a keyring from a store, and keeps it so. Until the first snapshot it refuses with 503."""
    if isinstance(max_stale, bool) or not isinstance(max_stale, (int, float)):
        raise TypeError("max_stale is a number of seconds")
    if not (_SHORTEST_STALE <= max_stale < math.inf):
        raise SetupError(f"max_stale is {max_stale:g}: write seconds, {_SHORTEST_STALE:g} or more; workers ask the store about once a second")
    ring._deadline(0)
    follower = _Follower(ring, open_store(url), float(max_stale))
    follower.start()
    follower.settled.wait(_FIRST)
    if follower.unusable is not None:
        raise follower.unusable from None


class _Follower:
    def __init__(self, ring: Keyring, store: Store, max_stale: float) -> None:
        self._ring = weakref.ref(ring)
        self.store = store
        self._max_stale = max_stale
        self._health = Health(store.name, max_stale)
        self._version: int | None = None
        self._prepared = True
        self._loaded_at = self._load_again_at = -math.inf
        #: There is a snapshot, or it will not be there at once.
        self.settled = threading.Event()
        #: Why there will never be one.
        self.unusable: SetupError | None = None
        self._begin()

    def _begin(self) -> None:
        """What a process has of its own."""
        self.worker = f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(3)}"
        self._stop = threading.Event()
        self._reported: tuple[int, float] = (-1, -math.inf)
        self._unheard_since = math.inf
        self._thread = threading.Thread(target=self._run, name="sallet-store", daemon=True)

    def start(self) -> None:
        _followers.add(self)
        self._thread.start()

    def again(self) -> None:
        """In a child: what the parent has said to the store is none of its business."""
        _parents.append(self.store)  # closing it would end the parent's session
        self.store = self.store.fresh()
        self._begin()
        self.start()

    def stop(self) -> None:
        self._stop.set()
        self.store.interrupt()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        failures = 0
        try:
            while not self._stop.is_set():
                try:
                    if not self._turn():
                        break
                    failures = 0
                    self.store.wait(_POLL * random.uniform(0.85, 1.1))
                    continue
                # An error holds the frame that raised it, and so the keyring: none outlives its clause.
                except StoreError as error:
                    goes_on = self._fails(error, failures)
                except Exception as error:
                    self._version = None
                    # Nobody has looked at what this one says.
                    goes_on = self._fails(StoreError(f"{self.store.name}: {type(error).__name__} while keys were read"), failures)
                if not goes_on:
                    break
                failures += 1
                # All workers lose their store at once, and shall not come back to it at once.
                self._stop.wait(random.uniform(0, min(_LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10))))
        finally:
            _followers.discard(self)
            with contextlib.suppress(StoreError):
                self.store.leave(self.worker)
            self.store.close()

    def _fails(self, error: StoreError, failures: int) -> bool:
        """Whether to go on."""
        if self._stop.is_set():
            return False
        if not self.settled.is_set():
            if isinstance(error, SetupError):
                self.unusable = error.with_traceback(None)
                self.settled.set()
                return False
            if isinstance(error, EmptyError):
                self._health.fails(error)
                self.settled.set()
                return True
        if failures:  # the first may be no more than a connection that has gone
            self._health.fails(error)
        return True

    def _turn(self) -> bool:
        """Asks once, and takes what has changed; whether there is still a keyring."""
        ring = self._ring()
        if ring is None:
            return False
        asked = time.monotonic()
        if self._load_again_at <= asked:
            self._version, self._load_again_at = None, math.inf
        for _ in range(2):
            if self._version is None:
                self._load(ring)
                assert self._version is not None
            answer = self.store.changes(self._version)
            if answer is not None:
                break
            self._version = None
        else:
            raise StoreError(f"{self.store.name}: the history of the keys changes while they are read")
        version, changes = answer
        if changes:
            self._take(ring, version, changes)
        # Counted from the question: the answer was right at some moment after it.
        ring._deadline(max(0.0, self._max_stale - (time.monotonic() - asked)))
        self._version = version
        self.settled.set()
        self._health.answers(asked)
        self._report(version)
        return True

    def _load(self, ring: Keyring) -> None:
        """Takes a whole snapshot."""
        ticket = ring._ticket()
        self._loaded_at = time.monotonic()
        version, keys = self.store.load(prepared=self._prepared)
        if isinstance(keys, bytes):
            try:
                name_problems(self.store.name, ring._load_blob(keys, ticket))
            except ValueError:
                # Written by another version of Sallet, or damaged: the rows are there too.
                self._prepared = False
                return self._load(ring)
        else:
            name_problems(self.store.name, ring._load(keys, ticket))
        self._version = version
        return None

    def _take(self, ring: Keyring, version: int, changes: Sequence[Delta]) -> None:
        try:
            problems = ring._change(changes, ring._ticket())
        except (ValueError, TypeError):
            problems = [("", "a change cannot be understood")]
            self._load_again_at = -math.inf
        if problems:
            # A row that is wrong may have taken a right one out of force with it, and a whole look is surer than part of one.
            name_problems(self.store.name, problems)
            self._load_again_at = min(self._load_again_at, max(time.monotonic(), self._loaded_at + _DOUBT))

    def _report(self, version: int) -> None:
        now = time.monotonic()
        if self._reported[0] == version and now - self._reported[1] < _BEAT:
            return
        try:
            self.store.report(self.worker, version, self._max_stale)
            self._reported, self._unheard_since = (version, now), math.inf
        except StoreError as error:
            if now - self._unheard_since > _UNHEARD:
                log.warning("%s; so the keys are followed, and revoke --wait does not know of this worker", str(error))
                self._unheard_since = math.inf
            self._reported, self._unheard_since = (-1, now), min(self._unheard_since, now)


_followers: set[_Follower] = set()
_parents: list[Store] = []


_held: list[Store] = []


def _before_fork() -> None:
    for follower in tuple(_followers):
        follower.store.before_fork()
        _held.append(follower.store)


def _after_fork_in_parent() -> None:
    while _held:
        _held.pop().after_fork()


def _after_fork_in_child() -> None:
    _held.clear()
    followers = tuple(_followers)
    _followers.clear()
    for follower in followers:
        follower.again()


def _at_exit() -> None:
    """Before the interpreter ends, because a thread that it stops within native code takes the process down."""
    followers = tuple(_followers)
    for follower in followers:
        follower.stop()
    for follower in followers:
        follower.join(2.0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
