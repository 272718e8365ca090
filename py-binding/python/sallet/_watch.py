"""Files that are looked at again and again, so that a change of one is in force within a second.

Looking instead of inotify, because that is silent about what another machine writes (NFS), about much of what
happens in overlay file systems, and about what a symbolic link leads to, which is how Kubernetes changes a file.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import stat
import threading
import time
import weakref
from typing import Any, Protocol

from sallet._reload import log, told
from sallet._tables import File

#: Seconds between two looks. What a look has found must be there at the next one too, so a change is taken after
#: twice as many at most.
EVERY = 0.25

#: Seconds until a file that is wrong is logged: whoever writes it in place may be about to go on.
PATIENCE = 1.0

#: Seconds until it is read and logged again.
AGAIN = 60.0

#: Seconds in which a file may be different at each look.
RESTLESS = 10.0

#: Seconds for which a file is read at each look after it has changed. Two changes within one tick of the file
#: system's clock leave the same times, and with the same size nothing but the content tells them apart. FAT's clock
#: is the coarsest: it ticks every two seconds.
COARSEST = 3.0


_RENAME = "write another file and rename it onto this one, once for each change"


class Ring(Protocol):
    """What takes the content of a file."""

    _holds: str

    def _ticket(self) -> int: ...
    def _take(self, made: Any, ticket: int, /) -> None: ...
    def __len__(self) -> int: ...


def watch(ring: Ring, file: File[Any], data: bytes) -> None:
    """Has a ring follow a file, of which it has taken `data`, for as long as there is the ring.

    Raises:
        SalletError: The file is not a regular one.
        RuntimeError: The system gives no thread.
    """
    if wrong := _unfit(file):
        raise file.error(wrong)
    _watcher.add(_Watched(ring, file, data))


def _unfit(file: File[Any]) -> str | None:
    """A FIFO would keep the thread waiting for a writer, and every other file with it."""
    with contextlib.suppress(OSError, ValueError):  # reading it says more
        if not stat.S_ISREG(os.stat(file.path).st_mode):
            return f"{file.path}: not a regular file, so it cannot be watched: put a file there, or leave watch out"
    return None


class _Watched:
    """One file, and the ring that follows it."""

    def __init__(self, ring: Ring, file: File[Any], data: bytes) -> None:
        # Not held: else no keyring that was given up would ever be freed.
        self._ring = weakref.ref(ring)
        self._file = file
        #: What the system says of the file, and until when that does not prove that the content is the same.
        self._stamp: object = None
        self._doubtful = 0.0
        #: What was found at the last look: the digest of the content, or why it could not be read.
        self._seen: bytes | str = _digest(data)
        #: What was found when the ring last took it, or could not.
        self._judged: bytes | str = self._seen
        #: When a look last found what the one before had found.
        self._calm = time.monotonic()
        #: What is wrong, and since when; and what was logged of it, and when.
        self._wrong: str | None = None
        self._since = 0.0
        self._logged: str | None = None
        self._logged_at = 0.0

    def look(self) -> bool:
        """Looks once; returns whether anybody is still there to follow the file."""
        ring = self._ring()
        if ring is None:
            return False
        now = time.monotonic()
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp, self._doubtful = stamp, now + COARSEST
        again = self._logged is not None and now >= self._logged_at + AGAIN
        # What could not be read may become readable with no sign of it, as when a server of files is back.
        if now < self._doubtful or self._seen != self._judged or isinstance(self._seen, str) or again:
            self._read(ring, now, again)
        self._log(ring, now, again)
        return True

    def _read(self, ring: Ring, now: float, again: bool) -> None:
        # Before the reading: what a reload or replace takes that begins after it is not undone.
        ticket = ring._ticket()
        seen, data = self._found()
        if seen != self._seen:
            # It may be half written, and half a file can be a good one: a key without the line that ends it.
            self._seen = seen
            if now >= self._calm + RESTLESS:
                self._say(f"{self._file.path}: the file changes all the time, so none of its contents was taken: {_RENAME}", now)
                self._judged = ""
            return
        self._calm = now
        if seen == self._judged and not again:
            return
        wrong = seen if isinstance(seen, str) else self._take(ring, data, ticket)
        # After the taking: a child that is forked between the two takes it once more.
        self._judged = seen
        if wrong is not None:
            self._say(wrong, now)
            return
        self._wrong = None
        if self._logged is None:
            log.info("%s: read again, %s: %d", self._file.path, ring._holds, len(ring))

    def _found(self) -> tuple[bytes | str, bytes]:
        """The digest of the content, or why it cannot be read; and the content."""
        if wrong := _unfit(self._file):
            return wrong, b""
        try:
            data = self._file.read()
        except Exception as error:
            return told(error), b""
        return _digest(data), data

    def _take(self, ring: Ring, data: bytes, ticket: int) -> str | None:
        """What is wrong with it, if anything is. As a text: an error would hold the ring by its traceback."""
        try:
            ring._take(self._file.parse(data), ticket)
        except Exception as error:
            return told(error)
        return None

    def _say(self, wrong: str, now: float) -> None:
        if wrong != self._wrong:
            self._wrong, self._since = wrong, now

    def _log(self, ring: Ring, now: float, again: bool) -> None:
        if self._wrong is None:
            if self._logged is not None:
                self._logged = None
                # At the level that whoever saw the error also sees.
                log.warning("%s: right again, %s: %d", self._file.path, ring._holds, len(ring))
        elif again or (self._wrong != self._logged and now >= self._since + PATIENCE):
            self._logged, self._logged_at = self._wrong, now
            log.error("the old %s stay in force: %s", ring._holds, self._wrong)


def _stamp(file: File[Any]) -> object:
    """What changes with the file; of what a symbolic link leads to."""
    try:
        found = os.stat(file.path)
    except (OSError, ValueError) as error:
        return type(error)
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, found.st_ctime_ns


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class _Watcher:
    """The thread of this process that looks at all files. It runs while there are any."""

    def __init__(self) -> None:
        self._watched: list[_Watched] = []
        self._forget_thread()

    def _forget_thread(self) -> None:
        self._lock, self._ending = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, watched: _Watched) -> None:
        with self._lock:
            self._start()
            self._watched.append(watched)

    def after_fork(self) -> None:
        """A child has no thread of its parent's, and may have been forked while one held the lock."""
        self._forget_thread()
        if self._watched:
            with self._lock, contextlib.suppress(RuntimeError):
                self._start()

    def end(self) -> None:
        """Before the interpreter ends: a daemon thread that is in the middle of something then can crash it."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, args=(self._ending,), name="sallet-watch", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self, ending: threading.Event) -> None:
        while not ending.wait(EVERY):
            gone = [one for one in self._watched if not self._look(one)]
            with self._lock:
                for one in gone:
                    self._watched.remove(one)
                if not self._watched:
                    self._thread = None
                    return

    @staticmethod
    def _look(one: _Watched) -> bool:
        try:
            return one.look()
        except Exception:
            # A handler of the app's that raises while this logs. What it did not write, the next minute's does.
            return True


_watcher = _Watcher()
atexit.register(_watcher.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watcher.after_fork)
