"""Where a command writes: standard output, or a new file that is its owner's alone."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress

from sallet._cli._arguments import Misuse


def write_new(path: str, pieces: Iterable[str]) -> None:
    """Makes a file that nobody else may read, and returns when it is on the disk.

    Raises:
        Misuse: It is there already, or cannot be written; then it is not there.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Misuse(f"{path} is there already, and is not written over: name another file") from None
    except (OSError, ValueError) as error:
        raise Misuse(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        with open(number, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(number)
    except BaseException as error:
        drop(path)
        if isinstance(error, OSError):
            raise Misuse(f"{path}: {error.strerror}; nothing was written") from None
        raise


def drop(path: str) -> None:
    """Takes a file away that this command has made."""
    with suppress(OSError):
        os.unlink(path)


def warn_if_others_read(mark: str = "") -> None:
    """Says so, after `mark`, if standard output, which gets tokens, is a file that others may read."""
    with suppress(OSError, ValueError):
        mode = os.fstat(sys.stdout.fileno()).st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            print(f"{mark}sallet: others on this machine may read the file that the token is written to: use --tokens FILE", file=sys.stderr)
