"""The parts of the stub that the core's tables decide: a keyword and a property for each header, a constant for each source.

Run as a program, this file writes them; `test_typing.py` fails where one is missing or old.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sallet
from sallet import _sallet

STUB = Path(sallet.__file__).with_name("_sallet.pyi")
ROWS: dict[str, Any] = _sallet._rows()
# What may be given where `str` is not all.
GIVEN = {"ContentSecurityPolicy": "_Policies", "str": "str"}


def parts() -> Iterator[tuple[str, str]]:
    headers, sources = ROWS["headers"], ROWS["sources"]
    yield "exported", "__all__ += [\n" + "".join(f'    "{name}",\n' for name, _ in sources) + "]\n"
    yield "keywords", "".join(f"    {row['keyword']}: {GIVEN[row['type']]} | None\n" for row in headers)
    yield (
        "properties",
        "".join(
            f'    @property\n    def {row["keyword"]}(self) -> {row["type"]} | None:\n        """{row["doc"]}"""\n' for row in headers
        ),
    )
    yield "constants", "".join(f'{name}: Final[str]\n"""{doc}"""\n' for name, doc in sources)


def written(stub: str) -> str:
    for name, text in parts():
        stub, found = re.subn(rf"(?s)( *)# <{name}>\n.*?# </{name}>\n", lambda at: f"{at[1]}# <{name}>\n{text}{at[1]}# </{name}>\n", stub)
        assert found == 1, f"{STUB.name} has one place # <{name}>"
    return stub


if __name__ == "__main__":
    STUB.write_text(written(STUB.read_text(encoding="utf-8")), encoding="utf-8")
