"""`Keyring`: the keys, and the places they come from."""

from __future__ import annotations

import bisect
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from sallet import _sallet, _watch
from sallet._key_sources import Environment, Function, Source, key_file
from sallet._reload import log, on_signal
from sallet._sallet import Key, KeyringError
from sallet._tables import LONGEST_SHOWN, masked

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Keyring"]


class Keyring(_sallet.Keyring):
    """The keys that are accepted; only digests of tokens are in it, never a token.

    ```python
    Keyring.from_file("keys.toml", watch=True)
    Keyring.from_env()                       # SALLET_TOKENS="ci=slt_…,web=slt_…"
    Keyring.from_tokens({"ci": os.environ["CI_TOKEN"]})
    Keyring.from_callable(load_keys)         # def load_keys() -> list[Key]
    Keyring([Key("ci-2026-11", digest="9f86…", principal="ci", scopes=["items:read"])])
    ```

    A presented token is hashed once and compared with every key in constant time, expired ones
    included. Beyond 256 keys there is an index, so that a million are as fast: the time then
    depends on the leading 64 bits of the token's SHA-256 too, which tells its sender nothing about
    another's token if tokens have at least 128 random bits. It takes tokens with much entropy, as `python -m sallet token` mints them, and is no
    place for passwords: a fast hash does not protect those.

    `replace` takes other keys while the app runs. `for key in keyring` goes through the keys, which
    show neither token nor digest; `len(keyring)` counts them, and `"ci" in keyring` asks whether
    one of them has that id.

    A keyring without keys admits nobody: it is what is left when the last key was taken out. Only
    a file or variable of zero bytes is refused as empty, since it may be half written.

    Args:
        keys: The keys; no two with the same id or token.

    Raises:
        KeyringError: Two keys have the same id or token.
    """

    _source: Source | None = None
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
        return cls._from(Environment(name))

    @classmethod
    def from_callable(cls, load: Callable[[], Iterable[Key]]) -> Self:
        """A keyring from a function of yours, which `reload` calls again.

        ```python
        def load_keys() -> list[Key]:
            return [Key(row.id, digest=row.sha256, principal=row.customer) for row in query_keys()]

        keys = Keyring.from_callable(load_keys)
        keys.reload()
        ```

        It is called here, in the thread that calls `reload`, and for `reload_on` in a thread of its
        own. What it raises is not caught, and the old keys stay in force. If it is `async`, await
        the keys yourself and write `keys.replace(await load_keys())`.

        Args:
            load: Returns the keys: a list, or anything else to iterate over.

        Raises:
            KeyringError: What it returned is not made of `Key`, or two have the same id or token.
            TypeError: It is not a function, or it is `async`.
        """
        return cls._from(Function(load))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, watch: bool = False) -> Self:
        """A keyring from a TOML file, which `reload` reads again, and `watch=True` when it changes.

        ```toml
        [[key]]
        id = "ci-2026-11"
        principal = "ci"                        # the id, if left out
        scopes = ["items:read"]
        sha256 = "9f86d081…"                    # of the token; python -m sallet token prints it
        not_before = 2026-11-01T00:00:00Z
        not_after = 2027-02-01T00:00:00Z
        ```

        With `watch=True` a change of the file is in force within a second, in every process that
        has the keyring, forked ones included. One thread per process looks at all watched
        files four times a second, and takes a content that two looks in a row have found. Looking
        works on every file system, in containers too, where notifications often do not come; an
        NFS client may itself learn late of a change (`actimeo`), and so does a Kubernetes node of
        a new ConfigMap or Secret.

        Nothing that is wrong with the file ends the server or opens it: the old keys stay in
        force, also when the file is removed. The logger `sallet.auth` says at level ERROR which
        file and entry is wrong and how to fix it, once it has been wrong for a second and again
        every minute, and at level WARNING that it is right again. Replace the file by renaming
        another onto it: a reader never sees half of that one.

        Reading takes some 50 ms of a core for 1,000 keys, in which requests go on; for very many
        use a store. A keyring that nothing else refers to is no longer watched.

        Args:
            path: The file. Where it is a symbolic link, what the link leads to is watched.
            watch: Whether to look for changes.

        Raises:
            KeyringError: The file cannot be read, or is wrong in any way; the message names the
                file and the key. Or it is to be watched and is not a regular file.
            RuntimeError: It is to be watched, and the system gives no thread.
        """
        if not isinstance(watch, bool):
            raise TypeError("watch is True or False: write Keyring.from_file(path, watch=True)")
        file = key_file(path)
        if not watch:
            return cls._from(file)
        data = file.read()
        ring = cls._of(file.parse(data), file)
        _watch.watch(ring, file, data)
        return ring

    def reload(self) -> None:
        """Reads the file or the environment variable again, or calls the function again, and takes
        the keys in one step.

        Requests that are being checked finish with the keys they began with. Call it from an
        endpoint or a timer, from any thread. Of two at once, the one that began later stands, and
        so it does next to a `replace`: a slow reload never brings back a key that was taken out
        after it had begun. For a signal use `reload_on`: an exception in a signal handler ends the server.

        Raises:
            KeyringError: The new keys are wrong, and the old ones stay in force; or the keyring
                has nothing to be read from, as one that was made of a list.
        """
        source = self._reloadable()
        ticket = self._ticket()
        self._take(source(), ticket)

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
        there. A file that is watched (`from_file(path, watch=True)`) needs no signal.

        Args:
            signum: Such as `signal.SIGHUP`.

        Raises:
            ValueError: This is not the main thread, where Python allows signal handlers to be
                set; or the number is not that of a signal.
            OSError: No program can handle this signal, as SIGKILL.
            KeyringError: The keyring has nothing to be read from, as one that was made of a list.
        """
        self._reloadable()
        on_signal(signum, self)

    def _reloadable(self) -> Source:
        if self._source is None:
            raise KeyringError(
                "this keyring has nothing to reload from: make it with Keyring.from_file,"
                " Keyring.from_env or Keyring.from_callable, or give it other keys by replace"
            )
        return self._source

    @classmethod
    def _from(cls, source: Source) -> Self:
        return cls._of(source(), source)

    @classmethod
    def _of(cls, keys: list[Key], source: Source) -> Self:
        with _named(source, keys):
            ring = cls(keys)
        ring._source = source
        return ring

    def _take(self, keys: list[Key], ticket: int) -> None:
        """Takes what was read from the source, if nothing that began later was taken before."""
        with _named(self._reloadable(), keys):
            self._swap(keys, ticket)

    @classmethod
    def from_store(cls, url: str, *, max_stale: float = 300) -> Self:
        """A keyring that follows a store: every worker has a change within a second.

        ```python
        Keyring.from_store("postgresql://web@db/keys?sslmode=verify-full")
        Keyring.from_store("redis://web@cache:6379/0")
        Keyring.from_store("sqlite:////var/lib/app/keys.db")
        ```

        Each process holds a snapshot that requests are checked against without I/O, and a thread
        that hears of changes. While the store does not answer the snapshot stays in force for
        `max_stale` seconds; then every request that needs a key is refused with 503, as it is
        before the first snapshot. Both end by themselves. The logger `sallet.auth` has it all.

        This waits for the first snapshot, for up to 10 seconds. A row that is wrong is named in
        the log and out of force, and the others are not. A forked process follows the store by
        itself, also under `gunicorn --preload`.

        Args:
            url: `sqlite:///file`, `postgresql://…` (the extra `sallet[postgres]`), `redis://…`,
                `rediss://…`, `valkey://…` or `valkeys://…` (the extra `sallet[redis]`).
            max_stale: Seconds that keys stay in force after the store's last answer; at least 2.

        Raises:
            StoreError: The URL, the user or the password is wrong, or the extra is not installed.
        """
        from sallet.stores._follow import follow  # its drivers are not everybody's

        ring = cls([])
        follow(ring, url, max_stale)
        return ring


@contextlib.contextmanager
def _named(source: Source, keys: list[Key]) -> Iterator[None]:
    """Names the source, and the second of two equal keys, if they make no keyring. Says so if there are none."""
    try:
        yield
    except KeyringError as error:
        second = bisect.bisect_left(range(len(keys)), True, key=lambda last: _clash(keys[: last + 1]))
        raise KeyringError(f"{source.place}: key {masked(repr(keys[second].id))}: {error}") from None
    if not keys:
        log.warning("%s: no key is in it, so nobody is admitted", source.place)


def _clash(keys: list[Key]) -> bool:
    """Whether two of them have the same id or token."""
    try:
        _sallet.Keyring(keys)
    except KeyringError:
        return True
    return False
