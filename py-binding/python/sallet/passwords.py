"""`Passwords`: the users of Basic authentication, by Argon2id hashes of their passwords."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import os
import threading
import unicodedata
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sallet import _argon2id, _sallet, _tables, _watch
from sallet._near import arguments
from sallet._reload import log, on_signal
from sallet._sallet import Key, Principal, SalletError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Passwords", "PasswordsBusy", "PasswordsError"]

_FIELDS = ("name", "hash", "principal", "scopes", "not_before", "not_after")
# Held for a moment while users are taken, and never while a child is forked, which would find it locked for ever.
_TAKING = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_TAKING.acquire, after_in_parent=_TAKING.release, after_in_child=_TAKING.release)

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PasswordsError(SalletError):
    """A user, a stored hash or a file of users is wrong; the message never shows a password or hash."""


class PasswordsBusy(SalletError):
    """No password can be checked just now. It is answered 503 with Retry-After."""

    status_code = 503
    detail = "Passwords cannot be checked just now, try again later"

    def __init__(self) -> None:
        super().__init__(self.detail)
        self.headers: dict[str, str] = {"Retry-After": "1"}


class _UserPassword(Protocol):
    @property
    def username(self) -> Any: ...
    @property
    def password(self) -> Any: ...


class Passwords:
    """Users and their passwords, for `Basic`; needs `pip install 'sallet[passwords]'`.

    ```python
    Basic(authenticate=Passwords.from_file("users.toml"))
    Basic(authenticate=Passwords({"ada": "$argon2id$v=19$…"}))
    Basic(authenticate=Passwords({"ada": {"hash": "$argon2id$v=19$…", "scopes": ["items:read"]}}))
    Basic(authenticate=Passwords(lookup=find_user))
    ```

    Only Argon2id hashes (RFC 9106) are stored: `python -m sallet passwords hash` and
    `Passwords.hash` make them, with 19 MiB and two passes. Others are taken as they are. Hash no
    tokens with it: a `Keyring` is right for what has much entropy, and a thousand times faster.

    Passwords are compared by RFC 8265's OpaqueString: normal form C, any space as U+0020. Names
    are compared in normal form C, and letter by letter: Ada is not ada.

    Hashing runs in threads of its own and leaves the event loop (asyncio's) free. Each hash takes
    its memory while it runs, so that `max_parallel` of them is what a flood of wrong passwords can
    take. More wait, in the order they came; what finds `max_waiting` of them before it raises
    `PasswordsBusy`, which is answered 503 with Retry-After.

    What time tells: an unknown name costs as much as a wrong password, by a hash that nobody has,
    made by the parameters of most users (with `lookup`, by those of the user found last). If your
    users' hashes differ in parameters, a name that takes longer or shorter is that of a user: hash
    the others again. With `lookup`, time also tells what your database takes for names it has.

    Args:
        users: `{name: hash}`, or for a hash a mapping with `hash` and, as keys have them,
            `principal`, `scopes`, `not_before` and `not_after`.
        lookup: Instead of `users`, a function that is given a name, in normal form C, and returns
            such a hash or mapping, or `None` for no user. `async`, or plain if it does not block.
            The mapping may have a `name`, the user's own spelling. What it raises is not caught.
        max_parallel: Hashes at once, in this process. By default half the cores, so that requests
            without passwords are answered meanwhile.
        max_waiting: More that may wait. At 30 ms each, 64 on one core wait for two seconds.
        remember: Seconds in which a password that was right is not hashed again. By default none:
            every request is. What is kept is a digest under a key of this process, for at most
            1024 users; a changed hash, a removed user and an expiry count at once all the same.

    Raises:
        ImportError: The package argon2-cffi is not installed.
        TypeError: Both of users and lookup, or neither, or something else in their place.
        PasswordsError: A name or hash is wrong; it names the user.
    """

    _holds = "users"

    @arguments()
    def __init__(
        self,
        users: Mapping[str, str | Mapping[str, Any]] | None = None,
        *,
        lookup: Callable[[str], Any | Awaitable[Any]] | None = None,
        max_parallel: int | None = None,
        max_waiting: int = 64,
        remember: float = 0,
    ) -> None:
        if (users is None) == (lookup is None):
            raise TypeError("Passwords takes users or a lookup: write Passwords({name: hash}) or Passwords(lookup=find_user)")
        if max_parallel is None:
            max_parallel = max(1, _CORES // 2)
        for name, number, least in (("max_parallel", max_parallel, 1), ("max_waiting", max_waiting, 0)):
            if not isinstance(number, int) or isinstance(number, bool) or number < least:
                raise TypeError(f"{name} is a number of passwords, {least} or more: write {name}={max(least, 4)}")
        if isinstance(remember, bool) or not isinstance(remember, int | float) or not remember >= 0:
            raise TypeError("remember is a number of seconds, 0 or more: write remember=60")
        # Not above: asyncio is slow to import, and most who import sallet have no passwords.
        from sallet._hashing import Remembered, Threads

        self._hasher = _argon2id.hasher()
        self._threads = Threads(max_parallel, max_waiting)
        self._remembered = Remembered(remember) if remember > 0 else None
        self._lookup = lookup
        self._file: _tables.File[dict[str, _User]] | None = None
        # A number for each reading, in the order in which they begin; and that of the users in force.
        self._tickets, self._taken = itertools.count(1), 0
        self._users: dict[str, _User] = {}
        self._dummy = _argon2id.dummy()
        if users is not None:
            self._take(_checked(users), self._ticket())

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        watch: bool = False,
        max_parallel: int | None = None,
        max_waiting: int = 64,
        remember: float = 0,
    ) -> Self:
        """Users from a TOML file, which `reload` reads again, and `watch=True` when it changes.

        ```toml
        [[user]]
        name = "ada"
        hash = "$argon2id$v=19$…"               # python -m sallet passwords hash prints it
        principal = "ada"                       # the name, if left out
        scopes = ["items:read"]
        not_before = 2026-11-01T00:00:00Z
        not_after = 2027-02-01T00:00:00Z
        ```

        Args:
            path: The file.
            watch: Whether to look for changes, as `Keyring.from_file` does.
            max_parallel: As for `Passwords`, and so are the others.
            max_waiting: More that may wait.
            remember: Seconds in which a password that was right is not hashed again.

        Raises:
            PasswordsError: The file cannot be read, or is wrong in any way; the message names the
                file and the user. Or it is to be watched and is not a regular file.
            RuntimeError: It is to be watched, and the system gives no thread.
        """
        if not isinstance(watch, bool):
            raise TypeError("watch is True or False: write Passwords.from_file(path, watch=True)")
        passwords = cls({}, max_parallel=max_parallel, max_waiting=max_waiting, remember=remember)
        passwords._file = file = _tables.File(path, "user", "passwords hash --user NAME", PasswordsError, _users_of)
        data = file.read()
        passwords._take(file.parse(data), passwords._ticket())
        if watch:
            _watch.watch(passwords, file, data)
        return passwords

    @staticmethod
    def hash(password: str) -> str:
        """The Argon2id hash to store of a password.

        It takes 30 ms and 19 MiB, so on an event loop write
        `await asyncio.to_thread(Passwords.hash, password)`.

        Raises:
            ImportError: The package argon2-cffi is not installed.
            TypeError: It is not a str.
            PasswordsError: It is empty, longer than 1024 bytes, or holds a character that Basic cannot
                send or RFC 8265 excludes.
        """
        if not isinstance(password, str):
            raise TypeError("password is a str: decode it first")
        try:
            return _argon2id.hash_password(password)
        except ValueError as error:
            raise PasswordsError(str(error)) from None

    async def __call__(self, credentials: _UserPassword) -> Principal | None:
        """The user whose password this is, or `None`.

        Args:
            credentials: What `Basic` has read: anything with `username` and `password`.

        Raises:
            PasswordsBusy: Too many wait already, or there is no memory for one more hash.
            TypeError: The credentials have no password, as those of `Bearer`.
        """
        # The password is in no local variable here: error trackers record those.
        name = getattr(credentials, "username", None)
        if not isinstance(name, str) or not isinstance(getattr(credentials, "password", None), str):
            raise TypeError("Passwords needs a user name and a password: write Basic(authenticate=Passwords(...))")
        user = await self._find(unicodedata.normalize("NFC", name))
        if not _argon2id.may_match(_argon2id.opaque(credentials.password)):
            return None
        # An unknown user is compared as any other: see dummy.
        stored = user.hash if user is not None else self._dummy
        if not await self._matches(stored, credentials) or user is None:
            return None
        return user.principal()

    def reload(self) -> None:
        """Reads the file again, and takes its users in one step; from any thread. Of two at once,
        the one that began later stands.

        Raises:
            PasswordsError: The new users are wrong, and the old ones stay in force; or they did not
                come from a file.
        """
        file = self._reloadable()
        ticket = self._ticket()
        self._take(file(), ticket)

    def reload_on(self, signum: int) -> None:
        """Reloads whenever the process gets this signal, as `Keyring.reload_on` does.

        Raises:
            PasswordsError: The users did not come from a file.
            ValueError: As for `Keyring.reload_on`.
            OSError: As for `Keyring.reload_on`.
        """
        self._reloadable()
        on_signal(signum, self)

    def __len__(self) -> int:
        return len(self._users)

    def __bool__(self) -> bool:
        """Always true: `Basic(authenticate=users) if users else None` must not open an app whose last user was removed."""
        return True

    def __repr__(self) -> str:
        return "Passwords(lookup=...)" if self._lookup is not None else f"Passwords({len(self)} users)"

    def __reduce__(self) -> Any:
        raise TypeError("Passwords is not pickled, it would carry hashes: make it again from its file or lookup")

    async def _find(self, name: str) -> _User | None:
        if self._lookup is None:
            return self._users.get(name)
        found = self._lookup(name)
        if inspect.isawaitable(found):
            found = await found
        if found is None:
            return None
        if not isinstance(found, (str, Mapping)):
            raise TypeError(
                f"lookup returned an instance of {type(found).__name__}: return the hash, a mapping with a hash, as "
                "dict(row) is one, or None for no user"
            )
        spelling = found.get("name", name) if isinstance(found, Mapping) else name
        user = _User(spelling, found, "lookup", own_name=True)
        if not self._dummy.startswith(user.how):
            self._dummy = _argon2id.dummy(user.how)
        return user

    async def _matches(self, stored: str, credentials: _UserPassword) -> bool:
        digest = b""
        if self._remembered is not None:
            digest = self._remembered.digest(stored, _argon2id.opaque(credentials.password))
            if digest in self._remembered:
                return True
        running = self._threads.submit(_argon2id.matches, self._hasher, stored, credentials)
        if running is None:
            raise PasswordsBusy
        matched = await running
        if isinstance(matched, str):
            log.error("a password could not be checked: %s", matched)
            raise PasswordsBusy
        if matched and self._remembered is not None:
            self._remembered.add(digest)
        return matched

    def _ticket(self) -> int:
        return next(self._tickets)

    def _take(self, users: dict[str, _User], ticket: int) -> None:
        """Takes what was read, if nothing that began later was taken before."""
        ways = Counter(user.how for user in users.values()).most_common(2)
        if len(ways) > 1:
            log.warning(
                "users have hashes of different parameters, so time tells whether a name is that of a user: hash "
                "their passwords again (most have %s)", ways[0][0]
            )
        dummy = _argon2id.dummy(ways[0][0] if ways else None)
        with _TAKING:
            if ticket > self._taken:
                self._dummy, self._users, self._taken = dummy, users, ticket

    def _reloadable(self) -> _tables.File[dict[str, _User]]:
        if self._file is None:
            raise PasswordsError("these users have nothing to reload from: make them with Passwords.from_file")
        return self._file


class _User:
    """A user's stored hash, and the ring of one key that judges the rest.

    The core has one function that compares a key's window with the clock and says who holds it. Here
    the stored hash is that key's token, once the password was found to be its own.
    """

    __slots__ = ("_ring", "hash", "how")

    def __init__(self, name: Any, given: Any, place: str, *, own_name: bool) -> None:
        record: Any = {"hash": given} if isinstance(given, str) else given
        if not isinstance(name, str) or not name or ":" in name or any(unicodedata.category(one) in ("Cc", "Cs") for one in name):
            raise PasswordsError(
                f"{place}: a user's name is a text without colon and control characters, which Basic cannot send"
            )
        place = f"{place}: user {_tables.masked(repr(name))}"
        if not isinstance(record, Mapping):
            raise PasswordsError(f"{place}: give the hash, or a mapping with a hash")
        known = _FIELDS if own_name else _FIELDS[1:]
        if "password" in record:
            raise PasswordsError(f"{place}: no passwords are stored: put hash = ... there, as `python -m sallet passwords hash` prints it")
        if unknown := set(record) - set(known):
            raise PasswordsError(f"{place}: unknown field {_tables.listed(map(str, unknown))}: a user has {', '.join(known)}")
        how = _argon2id.parameters(record.get("hash"))
        if how is None:
            raise PasswordsError(
                f"{place}: hash is not a hash of Argon2id, $argon2id$v=19$...: make it by `python -m sallet passwords hash`"
            )
        self.hash, self.how = str(record["hash"]), how
        try:
            key = Key(
                name,
                digest=hashlib.sha256(self.hash.encode()).hexdigest(),
                principal=record.get("principal"),
                scopes=record.get("scopes", ()),
                not_before=record.get("not_before"),
                not_after=record.get("not_after"),
            )
        except SalletError as error:
            # It begins with the name as a key's id, and no name has a colon.
            raise PasswordsError(f"{place}: {_tables.masked(str(error).partition(': ')[2])}") from None
        except TypeError as error:
            raise PasswordsError(f"{place}: {_tables.masked(error)}") from None
        self._ring = _sallet.Keyring([key])

    def principal(self) -> Principal | None:
        """Who this is, or `None` before or after their time."""
        return self._ring.verify(self.hash)


def _checked(users: Any) -> dict[str, _User]:
    if isinstance(users, str | os.PathLike):
        raise TypeError("users is a dict: write Passwords.from_file(path) for those of a file, or Passwords({name: hash})")
    if not isinstance(users, Mapping):
        raise TypeError("users is a dict: write {name: hash}")
    return _by_name([(name, given) for name, given in users.items()], "users", own_name=False)


def _users_of(tables: list[dict[str, Any]], path: Path) -> dict[str, _User]:
    users = _by_name([(table.get("name"), table) for table in tables], str(path), own_name=True)
    if not users:
        log.warning("%s: no user is in it, so nobody is admitted", path)
    return users


def _by_name(given: list[tuple[Any, Any]], place: str, *, own_name: bool) -> dict[str, _User]:
    users: dict[str, _User] = {}
    for name, record in given:
        user = _User(name, record, place, own_name=own_name)
        normal = unicodedata.normalize("NFC", name)
        if normal in users:
            raise PasswordsError(f"{place}: two users are called {normal!r}: give each a name of their own")
        users[normal] = user
    return users
