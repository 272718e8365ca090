"""Where keys are kept: files, SQLite, Postgres, Redis, behind one small interface."""

from __future__ import annotations

from sallet.stores._interface import Add, Book, Change, Entry, Expire, Revoke, Row, Store

__all__ = ["Add", "Book", "Change", "Entry", "Expire", "Revoke", "Row", "Store"]
