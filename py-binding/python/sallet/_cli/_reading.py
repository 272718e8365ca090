"""Keys that are read to be imported: TOML, CSV or JSON, with digests, or from standard input with tokens that are hashed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sallet import KeyringError
from sallet._cli._existing import hashed
from sallet._cli._arguments import Misuse
from sallet._tables import masked, tomllib
from sallet.stores._interface import Row
from sallet.stores.file import row_of


def read(text: str, form: str | None, place: str, *, hash_tokens: bool, bits: int | None) -> Iterator[Row]:
    """The keys in a text.

    Args:
        text: What was read.
        form: `toml`, `csv` or `json`; by default what it looks like.
        place: What messages call it.
        hash_tokens: Whether entries have `token` instead of `sha256`.
        bits: How many random bits each of these tokens has.

    Raises:
        Misuse: It is not written like that, or an entry is wrong; the message names the entry and shows no token.
    """
    form = form or _form(text, place)
    try:
        entries = {"toml": _toml, "csv": _csv, "json": _json}[form](text)
        for number, entry in enumerate(entries, 1):
            if not isinstance(entry, dict):
                raise Misuse(f"{place}: entry {number} is no {'object' if form == 'json' else 'table'}: write a key in each")
            yield _row(dict(entry), number, place, hash_tokens, bits)
    except KeyringError as error:
        raise Misuse(masked(error)) from None
    except (ValueError, csv.Error, RecursionError) as error:
        # A ValueError may show what it could not read.
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Misuse(f"{place} is no {form.upper()} with keys{line}: name another format with --format toml, csv or json") from None


def _form(text: str, place: str) -> str:
    if (suffix := Path(place).suffix[1:].lower()) in ("toml", "csv", "json"):
        return suffix
    start = re.sub(r"\A(?:\s|#[^\n]*\n?)+", "", text)[:2]
    if start == "[[" or not start:
        return "toml"
    return "json" if start[0] in "[{" else "csv"


def _toml(text: str) -> Any:
    return _only(tomllib.loads(text))


def _json(text: str) -> Any:
    document = json.loads(text)
    return document if isinstance(document, list) else _only(document, "keys")


def _only(document: Any, name: str = "key") -> Any:
    keys = document.pop(name, [])
    if document or not isinstance(keys, list):
        raise ValueError
    return keys


def _csv(text: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not {"id", "sha256"} <= (columns := set(reader.fieldnames or ())) and not {"id", "token"} <= columns:
        raise Misuse("the first line of CSV names the columns, as id,principal,scopes,sha256: it has no id or no sha256")
    for entry in reader:
        if None in entry or None in entry.values():
            raise Misuse(f"line {reader.line_num} has another number of columns than the first, which names them: id,principal,scopes,sha256")
        yield {name: value for name, value in entry.items() if value != ""}


def _row(entry: dict[str, Any], number: int, place: str, hash_tokens: bool, bits: int | None) -> Row:
    if hash_tokens:
        token = entry.pop("token", None)
        if not isinstance(token, str) or "sha256" in entry:
            raise Misuse(f"{place}: entry {number}: with --hash-token each has a token and no sha256")
        name = masked(entry.get("id")) if isinstance(entry.get("id"), str) else f"number {number}"
        entry["sha256"] = hashed(token, bits, name).hex()
    elif "token" in entry:
        raise Misuse(
            f"{place}: entry {number} has a token: put its SHA-256 there as sha256, or give the entries to standard input and say --hash-token"
        )
    if isinstance(entry.get("scopes"), str):
        entry["scopes"] = entry["scopes"].split()
    for name in ("not_before", "not_after"):
        if isinstance(entry.get(name), str):
            entry[name] = _time(entry[name], f"{place}: entry {number}: {name}")
        elif entry.get(name, 0) is None:
            del entry[name]
    return row_of(entry, number, Path(place))


def _time(text: str, place: str) -> datetime | int:
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    try:
        read = datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text))
    except ValueError:
        raise Misuse(f"{place} is no time: write 2027-02-01T00:00:00Z, or seconds since 1970") from None
    return read if read.tzinfo is not None or len(text) > 10 else read.replace(tzinfo=timezone.utc)
