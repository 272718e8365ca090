"""What goes wrong with a store, in one sentence with the fix and without its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sallet._sallet import Key, KeyringError, StoreError
from sallet._tables import masked
from sallet.stores._interface import Add, Change, Expire, Row

__all__ = ["EmptyError", "SetupError", "StoreError", "already", "checked", "extra_is_missing", "named", "newer_format", "shown"]

FORMAT = 1
"""How keys are laid out in a store. A store of another number is never read."""


class SetupError(StoreError):
    """Trying again cannot help: the URL, the password or what is installed is wrong."""


class EmptyError(StoreError):
    """The store answers, and nobody has ever written keys there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: no key was ever written there: see that the URL is right, and add one with: sallet keys add --store URL")


def extra_is_missing(extra: str, what: str) -> SetupError:
    """The driver of a store is not installed."""
    return SetupError(f'keys in {what} need the extra "{extra}": pip install "sallet[{extra}]"')


def newer_format(name: str, number: object) -> SetupError:
    return SetupError(f"{name}: the keys there are laid out in format {masked(repr(number))}, and this Sallet reads {FORMAT}: upgrade sallet")


def shown(url: str) -> str:
    """A URL without its user, password and options, also one that is written wrongly."""
    scheme, colon, rest = url.partition("://")
    if not colon or not re.fullmatch(r"[A-Za-z0-9+.-]{1,32}", scheme):
        return "the store"
    # A password may hold any of these unencoded, so the last @ is looked for first.
    rest = re.split(r"[?#]", rest.rpartition("@")[2])[0]
    # After a colon that begins no port may be what was meant as a password.
    return f"{scheme}://" + (rest if "[" in rest else re.sub(r":(?!\d{1,5}(?:[/,]|$))[^/,]*", "", rest))


def named(identity: str) -> str:
    """An id for a message; one that is as long as a token may be one, and is not shown."""
    return masked(repr(identity))


def checked(changes: Iterable[Change]) -> Sequence[Change]:
    """The changes, once each is right by itself and they agree with each other.

    Raises:
        StoreError: A row could never be in force, or an id or digest comes twice.
    """
    changes = list(changes)
    ids: set[str] = set()
    digests: dict[bytes, str] = {}
    for change in changes:
        identity = change.row.id if isinstance(change, Add) else change.id
        if identity in ids:
            raise StoreError(f"key {named(identity)} is in the same changes twice: make one of them")
        ids.add(identity)
        if isinstance(change, Add):
            _check_row(change.row)
            if (other := digests.setdefault(change.row.digest, identity)) is not identity:
                raise StoreError(f"keys {named(other)} and {named(identity)} have the same token: make a token for each")
        elif isinstance(change, Expire) and not 0 <= change.not_after < 1 << 63:
            raise StoreError(f"key {named(identity)}: not_after is in seconds since 1970, from 0 on")
    return changes


def _check_row(row: Row) -> None:
    scopes = row.scopes.split(" ") if row.scopes else ()
    try:
        Key(
            row.id,
            digest=row.digest.hex(),
            principal=row.principal,
            scopes=scopes,
            not_before=row.not_before,
            not_after=row.not_after,
        )
    except (KeyringError, TypeError, AttributeError) as error:
        raise StoreError(masked(error)) from None


def already(identity: str, holder: str, revoked: bool) -> StoreError:
    """An id or a digest that is to be added is there."""
    if identity == holder:
        if revoked:
            return StoreError(f"key {named(identity)} was revoked, and its id is not used again: give the new key another id")
        return StoreError(f"key {named(identity)} is there already: give the new key another id, or rotate this one")
    state = "the revoked key" if revoked else "key"
    return StoreError(f"key {named(identity)} has the token of {state} {named(holder)}, and no two keys share one: make a new token")
