"""What a place that keeps keys can do. Everything that holds keys, from a file to a cluster, is one of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol


class Row(NamedTuple):
    """One key as a worker verifies against it."""

    id: str
    principal: str
    #: Separated by single spaces; empty for none.
    scopes: str
    #: The 32 bytes of the token's SHA-256.
    digest: bytes
    #: Seconds since 1970, both included; `None` is without end.
    not_before: int | None = None
    not_after: int | None = None


class Entry(NamedTuple):
    """One key as people see it: all but its digest."""

    id: str
    principal: str
    scopes: str
    not_before: int | None
    not_after: int | None
    #: Seconds since 1970; `None` where the place does not keep it.
    created: int | None = None
    last_used: int | None = None
    revoked: int | None = None


class Add(NamedTuple):
    """A new key. Its id and its digest must be new, also among revoked keys."""

    row: Row


class Revoke(NamedTuple):
    """Takes a key out of force, for good."""

    id: str


class Expire(NamedTuple):
    """Says when a key ends, as while another takes over from it."""

    id: str
    not_after: int


Change = Add | Revoke | Expire


class Book(Protocol):
    """What the command line needs: to list keys and to change them."""

    def entries(self) -> Iterator[Entry]:
        """Every key, revoked ones too where the place keeps them, in the order of their ids."""

    def write(self, changes: Sequence[Change]) -> int:
        """Makes all of the changes or none, and returns when they are durable.

        Returns:
            The version that holds them: a number that only rises.

        Raises:
            StoreError: A key to be revoked is not there, an id or digest is there already, or the
                place cannot be written; nothing was changed.
        """

    def close(self) -> None:
        """Lets connections go."""


class Worker(NamedTuple):
    """A process that follows a store, as the store knows it."""

    #: The version that it has taken.
    version: int
    #: Seconds since it was last heard of, by the store's own clock at both ends.
    silent: float
    #: It refuses everything by itself when the store has not answered it for so many seconds.
    max_stale: float


Delta = tuple[str, Row | None]
"""What happened to an id: its row now, or `None` if it is out of force."""


class Store(Book, Protocol):
    """A book that workers follow: each holds a snapshot, and hears of changes.

    Methods are called from one thread of Sallet's own, never from the event loop, and block for at
    most some seconds. Each raises `StoreError` when the store does not answer; the next call tries
    again with a new connection.
    """

    #: The URL without what is secret in it, for messages.
    name: str

    def load(self, *, prepared: bool = True) -> tuple[int, Iterable[Row] | bytes]:
        """A version, and every key that was not revoked at that version, or at a later one.

        The keys are rows, or the bytes that `Keyring._blob` made of them, unless `prepared` is false.
        """

    def changes(self, since: int) -> tuple[int, Sequence[Delta]] | None:
        """The newest version, and what happened since another one, which this object has given out.

        Returns:
            `None` when that cannot be told: the log does not go back so far, or the store has
            another history than then, as after a failover that lost writes. `load` again.
        """

    def wait(self, timeout: float) -> None:
        """Returns when something may have changed, or after `timeout` seconds."""

    def used(self, times: Mapping[str, int]) -> None:
        """Writes when keys were last used, in seconds since 1970, into that column alone."""

    def report(self, worker: str, version: int, max_stale: float) -> None:
        """Says that a worker has taken a version, which also shows that it lives."""

    def leave(self, worker: str) -> None:
        """Says that a worker has ended, and admits nobody any more."""

    def workers(self) -> Mapping[str, Worker]:
        """The workers that may still admit: each that was heard of within its `max_stale`."""

    def fresh(self) -> Store:
        """The same store with connections of its own, for a process that was forked; it has given out what this one has."""

    def before_fork(self) -> None:
        """Gives up what a child must not inherit, and holds calls back until `after_fork`; both from any thread."""

    def after_fork(self) -> None:
        """Lets calls go on, in the parent."""

    def interrupt(self) -> None:
        """Makes a call that waits in another thread return or raise, from any thread."""
