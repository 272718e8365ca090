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


class Store(Book, Protocol):
    """A book that workers follow: each holds a snapshot, and hears of changes.

    Methods are called from one thread of Sallet's own, never from the event loop, and may block.
    Each raises `StoreError` when the store does not answer.
    """

    def load(self) -> tuple[int, Iterable[Row]]:
        """A version, and every key that is not revoked at that version."""

    def changes(self, since: int) -> tuple[int, Sequence[tuple[str, Row | None]]] | None:
        """The newest version, and what happened to each id since another: its row now, or `None` if it is out of force.

        Returns:
            `None` when that cannot be told, because the log does not go back so far: `load` again.
        """

    def wait(self, timeout: float) -> None:
        """Returns when something may have changed, or after `timeout` seconds."""

    def used(self, times: Mapping[str, int]) -> None:
        """Writes when keys were last used, in seconds since 1970, into that column alone."""

    def report(self, worker: str, version: int) -> None:
        """Says that a worker has taken a version, which also shows that it lives."""

    def workers(self) -> Mapping[str, int]:
        """The version that each live worker has taken."""
