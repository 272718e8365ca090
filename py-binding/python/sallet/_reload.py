"""Reloading on a signal, so that nothing that is wrong with the keys ends the server."""

from __future__ import annotations

import _thread
import logging
import os
import signal
import threading
from types import FrameType
from typing import Any, Protocol

from sallet._sallet import SalletError

log = logging.getLogger("sallet.auth")


class Ring(Protocol):
    """What is reloaded."""

    _holds: str

    def reload(self) -> None: ...
    def __len__(self) -> int: ...


def reload_or_log(ring: Ring) -> None:
    """Reloads; whatever is wrong is logged, and the old keys or users stay in force."""
    try:
        ring.reload()
    except Exception as error:
        log.error("the old %s stay in force: %s", ring._holds, told(error))
    else:
        log.info("reloaded, %s: %d", ring._holds, len(ring))


def told(error: Exception) -> str:
    """What a log may say of an error."""
    if isinstance(error, SalletError):  # shows no token or hash: see sallet.keyring and sallet.passwords
        return str(error)
    # Nobody has looked at what this one says.
    return f"reading the new ones raised {type(error).__name__}"


def on_signal(signum: int, ring: Ring) -> None:
    """Adds a ring to those that are reloaded on this signal."""
    if threading.current_thread() is not threading.main_thread():
        raise ValueError(
            "reload_on was called outside the main thread, and Python sets signal handlers only "
            "there: call it where the app is made, at the top of its module, or call reload() from "
            "this thread"
        )
    handler = signal.getsignal(signum)
    if not isinstance(handler, _Handler):
        handler = _Handler(handler)
        signal.signal(signum, handler)
    if not any(known.ring is ring for known in handler.reloads):
        handler.reloads.append(_Reload(ring))


class _Reload:
    """One ring's reloads: one at a time, and one more for the signals that came meanwhile.

    A file that cannot be read to its end holds back no other ring, and costs one thread however
    many signals come.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._asked = False
        self._busy, self._pid = _thread.allocate_lock(), os.getpid()

    def ask(self) -> None:
        if self._pid != os.getpid():  # a fork has no thread of its parent's to let go
            self._busy, self._pid = _thread.allocate_lock(), os.getpid()
        self._asked = True
        # Never waited for: this is a signal handler.
        if not self._busy.acquire(blocking=False):
            return  # who holds it looks at _asked once more after letting go
        # In a thread, because the signal may come while the main one holds a lock that logging
        # needs, such as that of a QueueHandler's queue. By _thread, because starting a
        # threading.Thread takes locks itself.
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._run()

    def _run(self) -> None:
        while True:
            try:
                while self._asked:
                    self._asked = False
                    reload_or_log(self.ring)
            finally:
                self._busy.release()
            if not (self._asked and self._busy.acquire(blocking=False)):
                return


class _Handler:
    """A signal handler that reloads and then calls the one before it."""

    def __init__(self, earlier: Any) -> None:
        self.reloads: list[_Reload] = []
        self._earlier = earlier

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        for reload in list(self.reloads):
            reload.ask()
        if callable(self._earlier):
            self._earlier(signum, frame)
