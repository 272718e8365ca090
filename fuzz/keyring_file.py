"""Key files under a fuzzer: any bytes at all make a keyring, or a `KeyringError` that gives no secret away.

    python fuzz/keyring_file.py CORPUS -max_total_time=60     Atheris, with libFuzzer's options
    pytest py-binding/tests/test_keyring_corpus.py            the stored corpus, without Atheris

The input is the text of a file in which `$0` to `$7` stand for tokens that are known here, and `@0` to `@7` for their
digests: so a mutated file still has good digests in it, and tokens in the wrong places.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

# In memory where there is such a folder: writing the file to a disk takes longer than all the rest.
MEMORY = Path("/dev/shm")
FOLDER = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
FILE = Path(FOLDER.name, "keys.toml")

# Of the shape and length of a minted one.
TOKENS = ["slt_" + hashlib.sha256(b"fuzz %d" % number).hexdigest()[:49].upper() for number in range(8)]
DIGESTS = [hashlib.sha256(token.encode()).hexdigest() for token in TOKENS]
PLACE = re.compile(rb"([@$])([0-7])")

GOOD = f"""
[[key]]
id = "old"
sha256 = "{DIGESTS[7]}"
""".encode()

# One keyring, as long as nothing but bad files come: making it again would be most of the time.
RELOADED: list[Any] = []

# A window that opens or closes while the test looks is not judged.
SOON = 60


def keyring_file(data: bytes) -> None:
    from sallet import Keyring, KeyringError

    text = PLACE.sub(lambda place: (TOKENS if place[1] == b"$" else DIGESTS)[int(place[2])].encode(), data)
    if not RELOADED:
        FILE.write_bytes(GOOD)
        RELOADED.append(Keyring.from_file(FILE))
    reloaded = RELOADED[0]
    FILE.write_bytes(text)
    try:
        fresh = Keyring.from_file(FILE)
    except KeyringError as error:
        says_nothing(error, text)
        fresh = None
    try:
        reloaded.reload()
    except KeyringError as error:
        says_nothing(error, text)
        assert fresh is None, "a file that makes a keyring can be reloaded"
        assert len(reloaded) == 1 and reloaded.verify(TOKENS[7]).id == "old", "the old keys stay"
        assert all(reloaded.verify(token) is None for token in TOKENS[:7]), "and no new one joins them"
        return
    RELOADED.clear()
    assert fresh is not None, "a file that makes no keyring is not reloaded"
    tables = parsed(text)
    holds(fresh, tables)
    holds(reloaded, tables)


def says_nothing(error: BaseException | None, text: bytes) -> None:
    """What a person or a log would see of the error has no part of a token or a digest that is in the file."""
    shown = ""
    while error is not None:
        shown += f"{error} {error!r} "
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "\n" not in shown, f"one line in a log, not {shown!r}"
    for secret in TOKENS + DIGESTS:
        if secret.encode() in text:
            parts = (secret[at : at + 12] for at in range(4, len(secret) - 11))
            assert not any(part in shown for part in parts), f"{shown} shows a secret"


def parsed(text: bytes) -> list[dict[str, Any]]:
    from sallet._tables import tomllib

    document = tomllib.loads(text.decode("utf-8-sig").replace("\r\n", "\n"))
    assert text.removeprefix(b"\xef\xbb\xbf"), "a file of no bytes may be half written"
    assert document.keys() <= {"key"}, "nothing else is in an accepted file"
    return document.get("key", [])


def holds(ring: Any, tables: list[dict[str, Any]]) -> None:
    """A key for each table, and for each digest in force its token alone."""
    assert len(ring) == len(tables)
    known = {}
    for table in tables:
        assert table.keys() <= {"id", "principal", "scopes", "sha256", "not_before", "not_after"}
        digest = table["sha256"].removeprefix("sha256:").lower()
        assert re.fullmatch("[0-9a-f]{64}", digest), "a digest is one"
        known[digest] = table
    assert len(known) == len(tables), "no two keys have one token"
    assert len({table["id"] for table in tables}) == len(tables), "nor one id"
    for token, digest in zip(TOKENS, DIGESTS):
        principal = ring.verify(token)
        table = known.get(digest)
        if table is None:
            assert principal is None, "a token that is not in the file"
        elif good := in_force(table):
            assert (principal.id, principal.name) == (table["id"], table.get("principal", table["id"]))
            scopes = table.get("scopes", ())
            assert list(principal.scopes) == (scopes.split() if isinstance(scopes, str) else list(scopes))
        elif good is False:
            assert principal is None, "a key that is not in force"


def in_force(table: dict[str, Any]) -> bool | None:
    """`None` when the next minute may say otherwise."""
    now = time.time()
    first, last = (second(table[name]) if name in table else None for name in ("not_before", "not_after"))
    if (first is not None and abs(first - now) < SOON) or (last is not None and abs(last - now) < SOON):
        return None
    return (first is None or first < now) and (last is None or last > now)


def second(moment: Any) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["sallet.keyring", "sallet._tables", "tomllib"]):
        import sallet.keyring  # noqa: F401
    # To minimise a corpus libFuzzer starts its own command again, and asks a shell to do it.
    command = shlex.join([sys.executable, __file__])
    atheris.Setup([command, *sys.argv[1:]], keyring_file)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
