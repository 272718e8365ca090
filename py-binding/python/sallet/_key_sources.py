"""Where the keys of a keyring are read from: a file, the environment, a function."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from sallet import _tables
from sallet._coroutines import is_async
from sallet._sallet import Key, KeyringError
from sallet._tables import LONGEST_SHOWN, listed, masked

_FIELDS = {"id", "principal", "scopes", "sha256", "not_before", "not_after"}


class Source(Protocol):
    """What `reload` reads again."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def __call__(self) -> list[Key]: ...


# ---- a file


def key_file(path: str | os.PathLike[str]) -> _tables.File[list[Key]]:
    """A file of `[[key]]` tables."""
    return _tables.File(path, "key", "token", KeyringError, _keys_of)


def _keys_of(tables: list[dict[str, Any]], path: Path) -> list[Key]:
    return [_key_of(table, number, path) for number, table in enumerate(tables, 1)]


def _key_of(table: dict[str, Any], number: int, path: Path) -> Key:
    name = masked(repr(table["id"])) if isinstance(table.get("id"), str) else f"number {number}"
    place = f"{path}: key {name}"
    if "token" in table:
        raise KeyringError(
            f"{place}: a key file holds no tokens: put the token's SHA-256 there as sha256 = ..."
        )
    if unknown := table.keys() - _FIELDS:
        raise KeyringError(
            f"{place}: unknown field {listed(unknown)}: a key has {', '.join(sorted(_FIELDS))}"
        )
    for field in ("id", "sha256"):
        if not isinstance(table.get(field), str):
            raise KeyringError(f"{place}: {field} is missing or not a string")
    try:
        return Key(
            table["id"],
            digest=table["sha256"],
            principal=table.get("principal"),
            scopes=table.get("scopes", ()),
            not_before=table.get("not_before"),
            not_after=table.get("not_after"),
        )
    except KeyringError as error:  # names the key itself
        raise KeyringError(f"{path}: {masked(error)}") from None
    except TypeError as error:
        raise KeyringError(f"{place}: {masked(error)}") from None


# ---- the environment


class Environment:
    """A variable that holds `id=token`, separated by commas or spaces."""

    def __init__(self, name: str) -> None:
        self.place = name

    def __call__(self) -> list[Key]:
        name = self.place
        text = os.environ.get(name, "")
        if not text:
            raise KeyringError(f'{name} is not set or empty: set it to "id=token,id=token"')
        keys: list[Key] = []
        for number, entry in enumerate(text.replace(",", " ").split(), 1):
            identity, equals, token = entry.partition("=")
            place = f"entry {number}"
            # What stands before the = may be a token too (a bare one may end in =), so it is not shown.
            if not equals or len(identity) > LONGEST_SHOWN:
                raise KeyringError(f"{name}: {place} does not begin with a short id: write id=token")
            try:
                Key(place, token=token)
            except KeyringError as error:
                raise KeyringError(f"{name}: {error}") from None
            keys.append(Key(identity, token=token))
        return keys


# ---- a function


class Function:
    """A function of the app's own that returns the keys."""

    def __init__(self, load: Callable[[], Iterable[Key]]) -> None:
        if not callable(load):
            raise TypeError("from_callable takes a function that returns the keys: write Keyring.from_callable(load_keys)")
        self.place = str(getattr(load, "__qualname__", type(load).__name__))
        if is_async(load):
            raise TypeError(self._is_async())
        self._load = load

    def __call__(self) -> list[Key]:
        found: Any = self._load()
        if inspect.isawaitable(found) or hasattr(found, "__aiter__"):
            if inspect.iscoroutine(found):
                found.close()  # else Python warns that nobody awaited it
            raise KeyringError(self._is_async())
        try:
            keys = iter(found)
        except TypeError:
            raise KeyringError(
                f"{self.place} returned an instance of {type(found).__name__}: return a list of Key"
            ) from None
        return [self._checked(key) for key in keys]

    def _checked(self, key: Any) -> Key:
        if not isinstance(key, Key):
            raise KeyringError(
                f"{self.place} returned something that has an instance of {type(key).__name__} in it: return a list of Key"
            )
        return key

    def _is_async(self) -> str:
        return (
            f"{self.place} is async, and reload() is called from any thread: give a plain function, or await the keys "
            "yourself and hand them over: keyring.replace(await load_keys())"
        )
