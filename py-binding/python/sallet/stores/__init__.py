"""Where keys are kept: files, SQLite, Postgres, Redis, behind one small interface."""

from __future__ import annotations

from sallet._sallet import StoreError
from sallet.stores._interface import Add, Book, Change, Entry, Expire, Revoke, Row, Store, Worker
from sallet.stores._open import open_store
from sallet.stores._wait import wait_for

__all__ = ["Add", "Book", "Change", "Entry", "Expire", "Revoke", "Row", "Store", "StoreError", "Worker", "open_store", "wait_for"]
