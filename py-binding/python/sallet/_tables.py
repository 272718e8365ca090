"""Files of TOML tables, as `keys.toml` and `users.toml` are."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sallet._sallet import SalletError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A minted token has 53 characters; no id that a person writes has half as many.
LONGEST_SHOWN = 32
_TOO_LONG_TO_SHOW = re.compile(rf"[^\s'\"]{{{LONGEST_SHOWN + 1},}}")


def read(path: Path, table: str, command: str, error: type[SalletError]) -> list[dict[str, Any]]:
    """The `[[table]]` tables of a file that holds nothing else.

    Raises:
        SalletError: Of the type `error`: the file cannot be read, is no TOML, is empty or holds
            something else. The message names the file, and `command`, whose output belongs in it.
    """
    try:
        # Not as text: Python would take a lone CR for a line end, which TOML does not.
        text = path.read_bytes().decode("utf-8-sig")
        document = tomllib.loads(text)
    except FileNotFoundError as missing:
        raise error(f"{path}: no such file: make it of what `python -m sallet {command}` prints") from missing
    except OSError as wrong:
        raise error(f"{path}: {wrong.strerror or wrong}") from wrong
    except UnicodeDecodeError:
        raise error(f"{path}: a {table} file is UTF-8 text") from None
    # Nested too deeply, a number too long, a NUL in the path: the file is no better for it.
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


def listed(names: Iterable[str]) -> str:
    """Names for a message, in order."""
    return masked(", ".join(map(repr, sorted(names))))


def masked(detail: object) -> str:
    """Errors show what stands in the file, and that may be a token in the wrong place."""
    return _TOO_LONG_TO_SHOW.sub("…", str(detail))
