"""Files of TOML tables, as `keys.toml` and `users.toml` are."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

from sallet._sallet import SalletError

if sys.version_info >= (3, 11):
    import tomllib as tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

# A minted token has 53 characters; no id that a person writes has half as many.
LONGEST_SHOWN = 32
_TOO_LONG_TO_SHOW = re.compile(rf"[^\s'\"]{{{LONGEST_SHOWN + 1},}}")


class File(Generic[T]):
    """A file that holds nothing but `[[table]]` tables, and what is made of them.

    Args:
        path: The file.
        table: The name of its tables, such as `key`.
        command: Of `python -m sallet`, whose output belongs in the file.
        error: What is raised when the file is wrong.
        make: Turns the tables into what the file stands for.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        table: str,
        command: str,
        error: type[SalletError],
        make: Callable[[list[dict[str, Any]], Path], T],
    ) -> None:
        # Made absolute now: the working directory may be another one when the file is read again.
        self.path = Path(path).absolute()
        self._table, self._command, self.error, self._make = table, command, error, make

    @property
    def place(self) -> str:
        """What messages call it."""
        return str(self.path)

    def __call__(self) -> T:
        """Reads it.

        Raises:
            SalletError: The file cannot be read, is no TOML, is empty or holds something else. The
                message names the file and, where there is one, the entry.
        """
        return self.parse(self.read())

    def read(self) -> bytes:
        """Its bytes."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError as missing:
            raise self.error(
                f"{self.path}: no such file: make it of what `python -m sallet {self._command}` prints"
            ) from missing
        except OSError as wrong:
            raise self.error(f"{self.path}: {wrong.strerror or wrong}") from wrong
        except ValueError as wrong:  # a NUL in the path
            raise self.error(f"{self.path}: {wrong}") from None

    def parse(self, data: bytes) -> T:
        """What its bytes stand for."""
        return self._make(self._tables(data), self.path)

    def _tables(self, data: bytes) -> list[dict[str, Any]]:
        path, table, error = self.path, self._table, self.error
        try:
            # Not read as text: Python would take a lone CR for a line end, which TOML does not.
            text = data.decode("utf-8-sig")
            document = tomllib.loads(text)
        except UnicodeDecodeError:
            raise error(f"{path}: a {table} file is UTF-8 text") from None
        # Nested too deeply, a number too long: the file is no better for it.
        except (tomllib.TOMLDecodeError, ValueError, RecursionError) as wrong:
            raise error(
                f"{path}: not valid TOML: {masked(wrong)}; only [[{table}]] blocks belong in it, no tokens or passwords"
            ) from None
        if not text:
            # Whoever writes a file without renaming it into place has it empty for a moment.
            raise error(
                f"{path}: the file is empty, so it may be half written: put [[{table}]] tables into it, or "
                f"a comment to say that no {table} is in force"
            )
        tables = document.pop(table, [])
        if document:
            raise error(f"{path}: {listed(document)} is no part of a {table} file: write [[{table}]] tables")
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            raise error(f"{path}: write each {table} as a table of its own, under [[{table}]]")
        return tables


def read(path: str | os.PathLike[str], table: str, command: str, error: type[SalletError]) -> list[dict[str, Any]]:
    """The tables of a file, as they are; see `File`."""
    return File(path, table, command, error, lambda tables, _: tables)()


def listed(names: Iterable[str]) -> str:
    """Names for a message, in order."""
    return masked(", ".join(map(repr, sorted(names))))


def masked(detail: object) -> str:
    """Errors show what stands in the file, and that may be a token in the wrong place."""
    return _TOO_LONG_TO_SHOW.sub("…", str(detail))
