"""Keys and tokens as text: TOML, CSV, JSON, C and Rust. Keys are written with digests and without tokens."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from sallet._blocks import block
from sallet._cli._times import shown
from sallet.stores._interface import Row
from sallet.stores.file import fields_of

COLUMNS = ("id", "principal", "scopes", "not_before", "not_after", "sha256")

_MOST_CHECKED = 256
"""A keyring that is checked when it is compiled compares every two of its keys."""


def toml(rows: Iterable[Row]) -> Iterator[str]:
    """A `keys.toml`."""
    for number, row in enumerate(rows):
        yield ("\n" if number else "") + block("key", fields_of(row))


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """CSV, as in RFC 4180, with `\\n` as the end of a line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(row)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def line(thing: Mapping[str, object]) -> str:
    """One JSON object."""
    return json.dumps(thing, ensure_ascii=False) + "\n"


def objects(things: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """A JSON array with a line for each object."""
    start = "[\n"
    for thing in things:
        yield start + json.dumps(thing, ensure_ascii=False)
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def fields(row: Row) -> dict[str, object]:
    """What JSON says of a key, but for its digest."""
    return {
        "id": row.id,
        "principal": row.principal,
        "scopes": row.scopes.split(" ") if row.scopes else [],
        "not_before": shown(row.not_before) or None,
        "not_after": shown(row.not_after) or None,
    }


def _csv(rows: Iterable[Row]) -> Iterator[str]:
    return table(
        COLUMNS,
        ((row.id, row.principal, row.scopes, shown(row.not_before), shown(row.not_after), row.digest.hex()) for row in rows),
    )


def _json(rows: Iterable[Row]) -> Iterator[str]:
    return objects({**fields(row), "sha256": row.digest.hex()} for row in rows)


def _c(rows: Iterable[Row]) -> Iterator[str]:
    yield (
        "/* Keys: the SHA-256 of each token. The tokens are not here. */\n"
        "#include <stddef.h>\n#include <stdint.h>\n\n"
        "struct sallet_key {\n"
        "    const char *id, *principal, *scopes; /* UTF-8; scopes are separated by spaces */\n"
        "    uint64_t not_before, not_after;      /* seconds since 1970, both included */\n"
        "    uint8_t sha256[32];\n};\n\n"
        "extern const struct sallet_key sallet_keys[];\nextern const size_t sallet_keys_count;\n\n"
        "const struct sallet_key sallet_keys[] = {\n"
    )
    for row in rows:
        texts = ", ".join(_c_text(text) for text in (row.id, row.principal, row.scopes))
        last = "UINT64_MAX" if row.not_after is None else f"{row.not_after}u"
        yield f"    {{{texts}, {row.not_before or 0}u, {last},\n     {{{', '.join(f'0x{byte:02x}' for byte in row.digest)}}}}},\n"
    yield "};\nconst size_t sallet_keys_count = sizeof sallet_keys / sizeof sallet_keys[0];\n"


def _c_text(text: str) -> str:
    # In octal, which ends after three digits; ? for the sake of trigraphs.
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{"".join(plain)}"'


def _rust(rows: Iterable[Row]) -> Iterator[str]:
    rows = list(rows)
    few = len(rows) <= _MOST_CHECKED
    yield "// Keys: the SHA-256 of each token. The tokens are not here.\n"
    yield "use sallet_core::auth::{Key, Keyring};\n" if few else "use sallet_core::auth::Key;\n"
    yield "use sallet_core::digest_hex;\n\n"
    yield "pub static KEYS: Keyring = Keyring::new(&[\n" if few else f"pub static KEYS: [Key; {len(rows)}] = [\n"
    for row in rows:
        more = f".principal({_rust_text(row.principal)})" if row.principal != row.id else ""
        more += f".scopes({_rust_text(row.scopes)})" if row.scopes else ""
        more += f".not_before({row.not_before})" if row.not_before is not None else ""
        more += f".not_after({row.not_after})" if row.not_after is not None else ""
        yield f'    Key::new({_rust_text(row.id)}, digest_hex!("{row.digest.hex()}")){more},\n'
    yield "]);\n" if few else "];\n"


def _rust_text(text: str) -> str:
    plain = (
        f"\\{character}" if character in '"\\' else character if character.isprintable() else f"\\u{{{ord(character):x}}}"
        for character in text
    )
    return f'"{"".join(plain)}"'


ENTRIES: Mapping[str, Callable[[Iterable[Row]], Iterator[str]]] = {"toml": toml, "csv": _csv, "json": _json, "c": _c, "rust": _rust}
"""How keys are written, by the name of the format."""
