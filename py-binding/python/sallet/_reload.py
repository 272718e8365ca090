"""Reloading on a signal, so that nothing that is wrong with the keys ends the server."""

from __future__ import annotations

import _thread
import logging
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from sallet._sallet import KeyringError

if TYPE_CHECKING:
    from sallet.keyring import Keyring

log = logging.getLogger("sallet.auth")


def reload_or_log(ring: Keyring) -> None:
    """Reloads; whatever is wrong is logged, and the old keys stay in force."""
    try:
        ring.reload()
    except KeyringError as error:  # shows no token: see sallet.keyring
        log.error("the old keys stay in force: %s", error)
    except Exception as error:
        # Nobody has looked at what this one says.
        log.error("the old keys stay in force: reading the new ones raised %s", type(error).__name__)
    else:
        log.info("reloaded, keys: %d", len(ring))


def on_signal(signum: int, ring: Keyring) -> None:
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
    if not any(known is ring for known in handler.rings):
        handler.rings.append(ring)


class _Handler:
    """A signal handler that reloads and then calls the one before it."""

    def __init__(self, earlier: Any) -> None:
        self.rings: list[Keyring] = []
        self._earlier = earlier

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        # In a thread, because the signal may come while the main one holds a lock that logging
        # needs, such as that of a QueueHandler's queue. By _thread, because starting a
        # threading.Thread takes locks itself.
        try:
            _thread.start_new_thread(self._reload, ())
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._reload()
        if callable(self._earlier):
            self._earlier(signum, frame)

    def _reload(self) -> None:
        for ring in list(self.rings):
            reload_or_log(ring)
