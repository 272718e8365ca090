"""Replacing a file in one step: a reader finds the old content or the new one, and never half of it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sallet._sallet import StoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PATIENCE = 60.0
"""Seconds that a writer waits for another one."""


class Replacing:
    """A file that is about to be replaced, and that no other writer of Sallet's replaces meanwhile.

    Its owner, mode, and extended attributes stay; a new one is its owner's alone. Where the path is a symbolic link, what it
    leads to is replaced. The folder is locked while this is open. (Not on Windows, nor on a file system without locks: there
    a change that another writer makes at the same moment is noticed up to the last microseconds.)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: os.stat_result | None = None
        self.data: bytes | None = None
        if not path.exists():
            return
        if not path.is_file():
            # Opening a pipe would wait for its other end.
            raise StoreError(f"{path}: this is not a regular file")
        with path.open("rb") as file:
            self._seen = os.fstat(file.fileno())
            self.data = file.read()

    def write(self, data: bytes) -> int:
        """Replaces it, and returns when that is durable.

        Returns:
            When it was changed, in nanoseconds since 1970.
        """
        number, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".tmp", dir=self.path.parent)
        try:
            with open(number, "wb") as file:
                file.write(data)
                file.flush()
                if self._seen is not None:
                    self._keep(self._seen, name)
                os.fsync(number)
            self._look_again()
            # It is found new also by who looks at times alone.
            os.utime(name)
            os.replace(name, self.path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
        _sync_folder(self.path.parent)
        return self.path.stat().st_mtime_ns

    def _keep(self, seen: os.stat_result, name: str) -> None:
        if (seen.st_uid, seen.st_gid) != ((new := os.stat(name)).st_uid, new.st_gid):
            try:
                os.chown(name, seen.st_uid, seen.st_gid)
            except PermissionError:
                # As a file of ours its owner, who may be the server, could no longer read it.
                raise StoreError(
                    f"{self.path} belongs to another user or group, who could not read what this one writes: run the command as its owner"
                ) from None
        shutil.copystat(self.path, name)

    def _look_again(self) -> None:
        """Editors take no lock."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            found = None
        if _changed(found) != _changed(self._seen):
            raise StoreError(f"{self.path}: another program has changed the file meanwhile: try again")


def _changed(found: os.stat_result | None) -> tuple[int, ...] | None:
    return found and (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def replacing(path: Path) -> Iterator[Replacing]:
    """The file, while no other writer of Sallet's replaces it.

    Raises:
        StoreError: It cannot be read or written; what was there is there still.
    """
    try:
        target = path.resolve()
    except (ValueError, RuntimeError, OSError) as error:  # a NUL in the path; links in a circle
        raise StoreError(f"{path}: {error}") from None
    try:
        with _locked(target.parent):
            yield Replacing(target)
    except OSError as error:
        raise StoreError(f"{path}: {_sentence(error)}") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    # The folder, since the file is another one after each writing, and a file for the lock alone would stay.
    number = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise StoreError(f"{folder}: another program has kept the folder locked for {PATIENCE:.0f} s: try again") from None
                time.sleep(0.01)
            except OSError as error:
                if error.errno not in (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise
                break  # no locks here, as of folders on NFS
        yield
    finally:
        os.close(number)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # Windows opens no folder, and some file systems sync none
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _sentence(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full, or the file would be larger than this process may write; nothing was written: make room"
    if error.errno == errno.EROFS:
        return "the file system is read-only, as that of a Kubernetes ConfigMap or Secret is: change what it is made of"
    if error.errno == errno.EBUSY:
        return "this file is a mount, which cannot be replaced in one step: mount its folder instead"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "this user may not read and write the file and its folder: run the command as their owner"
    if error.errno == errno.ENOENT:
        return "there is no such folder: make it"
    return error.strerror or type(error).__name__
