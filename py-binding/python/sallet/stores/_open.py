"""Which place a URL means. Its module is imported when it is needed, and so is the driver."""

from __future__ import annotations

from importlib import import_module

from sallet._near import nearest
from sallet.stores._errors import SetupError
from sallet.stores._interface import Store

_PLACES = {
    "sqlite": "sqlite:SqliteStore",
    "postgresql": "postgres:PostgresStore",
    "postgres": "postgres:PostgresStore",
    "redis": "redis:RedisStore",
    "rediss": "redis:RedisStore",
    "valkey": "redis:RedisStore",
    "valkeys": "redis:RedisStore",
}


def open_store(url: str) -> Store:
    """The store of a URL: `sqlite:///file`, `postgresql://…`, `redis://…`. It connects when it is first asked.

    Raises:
        StoreError: The URL is of no store, or the extra for its driver is not installed.
    """
    if not isinstance(url, str):
        raise TypeError(f'a store is a URL, not {type(url).__name__}: write "postgresql://user@host/database"')
    scheme, colon, _ = url.partition("://")
    if not colon:
        raise SetupError(
            'this is not the URL of a store: write "sqlite:///keys.db", "postgresql://…" or "redis://…"; a file of keys is read by'
            " Keyring.from_file(path)"
        )
    place = _PLACES.get(scheme)
    if place is None:
        near = nearest(scheme, _PLACES) or nearest(scheme.partition("+")[0], _PLACES)
        known = "sqlite, postgresql, redis, rediss, valkey or valkeys"
        raise SetupError(f"the URL of a store begins with {known}" + (f': did you mean "{near}://"?' if near else ""))
    module, _, name = place.partition(":")
    store: Store = getattr(import_module(f"sallet.stores.{module}"), name)(url)
    return store
