"""The fuzzer's key files, replayed: `fuzz/keyring_file.py` says what must hold of each."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"
FILES = sorted(path for name in ("corpus", "regressions") for path in (FUZZ / name / "keyring_file").glob("*"))

sys.path.append(str(FUZZ))
from keyring_file import keyring_file  # noqa: E402


def test_the_corpus_is_there():
    print(f"keyring_file: {len(FILES)} files")
    assert FILES, "fuzz/corpus/keyring_file is missing or empty: fill it with `make fuzz-minimise`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.name}")
def test_file(file):
    try:
        keyring_file(file.read_bytes())
    except Exception as error:
        pytest.fail(f"{file.relative_to(FUZZ.parent)}: {type(error).__name__}: {error}", pytrace=False)
