"""`Keyring`: the keys, and the places they come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sallet import _sallet, _tables
from sallet._reload import log, on_signal
from sallet._sallet import Key, KeyringError
from sallet._tables import LONGEST_SHOWN, listed, masked

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Keyring"]

_FIELDS = {"id", "principal", "scopes", "sha256", "not_before", "not_after"}


class Keyring(_sallet.Keyring):
    """The keys that are accepted; only digests of tokens are in it, never a token.

    ```python
    Keyring.from_file("keys.toml")
    Keyring.from_env()                       # SALLET_TOKENS="ci=slt_…,web=slt_…"
    Keyring.from_tokens({"ci": os.environ["CI_TOKEN"]})
    Keyring([Key("ci-2026-11", digest="9f86…", principal="ci", scopes=["items:read"])])
    ```

    A presented token is hashed once and compared with every key in constant time, expired ones
    included. Beyond 256 keys there is an index, so that a million are as fast: the time then
    depends on the leading 64 bits of the token's SHA-256 too, which tells its sender nothing about
    another's token if tokens have at least 128 random bits. It takes tokens with much entropy, as `python -m sallet token` mints them, and is no
    place for passwords: a fast hash does not protect those.

    A keyring without keys admits nobody: it is what is left when the last key was taken out. Only
    a file or variable of zero bytes is refused as empty, since it may be half written.

    Args:
        keys: The keys; no two with the same id or token.

    Raises:
        KeyringError: Two keys have the same id or token.
    """

    _read: Callable[[], list[Key]] | None = None
    _holds = "keys"

    @classmethod
    def from_tokens(cls, tokens: Mapping[str, str]) -> Self:
        """A keyring from `{id: token}`; the tokens are hashed at once and not kept.

        Raises:
            KeyringError: A token is empty, under 16 characters, mistyped, or could never arrive
                in a header; the message names the id and never the token.
        """
        if not isinstance(tokens, Mapping):
            raise TypeError("from_tokens takes a dict: write {id: token}")
        for identity, token in tokens.items():
            if token is None:
                raise KeyringError(f"key {identity!r}: the token is None: is its environment variable set?")
        if any(len(identity) > LONGEST_SHOWN for identity in tokens):
            # Errors name ids, and this may be a token.
            raise KeyringError("from_tokens: an id is longer than 32 characters: write {id: token}")
        return cls([Key(identity, token=token) for identity, token in tokens.items()])

    @classmethod
    def from_env(cls, name: str = "SALLET_TOKENS") -> Self:
        """A keyring from an environment variable: `id=token`, separated by commas or spaces.

        Raises:
            KeyringError: It is not set, or does not hold that.
        """
        return cls._from(lambda: _read_env(name))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """A keyring from a TOML file, which `reload` reads again.

        ```toml
        [[key]]
        id = "ci-2026-11"
        principal = "ci"                        # the id, if left out
        scopes = ["items:read"]
        sha256 = "9f86d081…"                    # of the token; python -m sallet token prints it
        not_before = 2026-11-01T00:00:00Z
        not_after = 2027-02-01T00:00:00Z
        ```

        Raises:
            KeyringError: The file cannot be read, or is wrong in any way; the message names the
                file and the key.
        """
        # Made absolute now: the working directory may be another one when reload comes.
        file = Path(path).absolute()
        return cls._from(lambda: _read_file(file))

    def reload(self) -> None:
        """Reads the file or the environment variable again, and takes its keys in one step.

        Requests that are being checked finish with the keys they began with. Call it from an
        endpoint or a timer, from any thread. Of two at once, the one that began later stands.
        For a signal use `reload_on`: an exception in a signal handler ends the server.

        Raises:
            KeyringError: The new keys are wrong, and the old ones stay in force; or the keyring
                did not come from a file or the environment.
        """
        read = self._source()
        ticket = self._ticket()
        self._swap(read(), ticket)

    def reload_on(self, signum: int) -> None:
        """Reloads whenever the process gets this signal, as from `kill -HUP`.

        ```python
        keys = Keyring.from_file("keys.toml")
        keys.reload_on(signal.SIGHUP)
        ```

        A failed reload never raises: the old keys stay in force, and the logger `sallet.auth`
        says at level ERROR which file and entry is wrong and how to fix it; success is logged at
        INFO. The keys are read in a thread of their own, so that requests go on meanwhile.

        A Python function that handled the signal before is called as well, and several keyrings
        may be reloaded on one signal. What the system does by default no longer happens: a closed
        terminal does not end a server that reloads on SIGHUP.

        The signal reaches one process: with several workers, send it to each of them. (When the
        parent of `uvicorn --workers` gets SIGHUP it restarts its workers, which read the file
        again anyway.) Under `gunicorn --preload` the app is made before the workers are forked,
        and they lose handlers that were set at the top of a module: SIGHUP then ends a worker,
        and its successor has the old keys. Call `reload_on` and `reload` in the app's lifespan
        there.

        Args:
            signum: Such as `signal.SIGHUP`.

        Raises:
            ValueError: This is not the main thread, where Python allows signal handlers to be
                set; or the number is not that of a signal.
            OSError: No program can handle this signal, as SIGKILL.
            KeyringError: The keyring did not come from a file or the environment.
        """
        self._source()
        on_signal(signum, self)

    def _source(self) -> Callable[[], list[Key]]:
        if self._read is None:
            raise KeyringError(
                "this keyring has nothing to reload from: make it with Keyring.from_file or"
                " Keyring.from_env"
            )
        return self._read

    @classmethod
    def _from(cls, read: Callable[[], list[Key]]) -> Self:
        ring = cls(read())
        ring._read = read
        return ring


def _read_env(name: str) -> list[Key]:
    text = os.environ.get(name, "")
    if not text:
        raise KeyringError(f'{name} is not set or empty: set it to "id=token,id=token"')
    entries = text.replace(",", " ").split()
    keys: list[Key] = []
    for number, entry in enumerate(entries, 1):
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
    return _checked(keys, name)


def _read_file(path: Path) -> list[Key]:
    tables = _tables.read(path, "key", "token", KeyringError)
    keys = [_read_key(table, number, path) for number, table in enumerate(tables, 1)]
    return _checked(keys, str(path))


def _read_key(table: dict[str, Any], number: int, path: Path) -> Key:
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


def _checked(keys: list[Key], place: str) -> list[Key]:
    """The keys, once it is sure that they make a keyring."""
    try:
        _sallet.Keyring(keys)
    except KeyringError as error:
        raise KeyringError(f"{place}: {error}") from None
    if not keys:
        log.warning("%s: no key is in it, so nobody is admitted", place)
    return keys
